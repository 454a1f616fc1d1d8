interface Host {
  readonly navigator?: {
    readonly userAgent?: string;
    readonly hardwareConcurrency?: number;
    readonly platform?: string;
  };
  readonly Deno?: { readonly version: { readonly deno: string } };
}

/** The environment as browsers and workers tell it. */
export async function hostEnvironment(): Promise<Record<string, unknown>> {
  const { navigator, Deno } = globalThis as Host;
  return {
    runtime: Deno
      ? { name: "deno", version: Deno.version.deno }
      : { name: "web", ...(navigator?.userAgent && { version: navigator.userAgent }) },
    ...(navigator?.platform && { os: { name: navigator.platform } }),
    ...(navigator?.hardwareConcurrency !== undefined && { cores: navigator.hardwareConcurrency }),
  };
}
