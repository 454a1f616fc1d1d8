const MAX_LENGTH = 200;

/** Returns whether a value can be the id of a key: 1 to 200 printable characters. */
export function isKeyId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_LENGTH && !/[\p{Cc}\p{Cs}]/u.test(value);
}
