declare module "virtual:digits" {
  /** 784 greys an image, from 0 to 255. */
  export const bytes: Uint8Array;
  export const labels: number[];
}
