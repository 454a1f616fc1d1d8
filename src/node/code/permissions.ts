interface DenoGlobal {
  readonly Deno?: {
    readonly permissions?: { querySync?(permission: object): { readonly state: string } };
  };
}

/** Returns whether a permission is granted. Deno would ask its user for one that the program does not have. */
function isGranted(permission: object): boolean {
  const { permissions } = (globalThis as DenoGlobal).Deno ?? {};
  return permissions === undefined || permissions.querySync?.(permission).state === "granted";
}

/** Returns whether the program may read a path. */
export function isReadable(path: string): boolean {
  return isGranted({ name: "read", path });
}

/** Returns whether the program may ask where the home directory and that of temporary files are. */
export function mayReadHome(): boolean {
  return isGranted({ name: "env" }) && isGranted({ name: "sys", kind: "homedir" });
}

/** Returns whether the program may run the git program. */
export function mayRunGit(): boolean {
  return isGranted({ name: "run", command: "git" });
}

/** Returns whether the runtime, not the system, does not permit something: Deno, or Node with its permission model. */
export function isForbidden(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return code === "ERR_ACCESS_DENIED" || name === "NotCapable" || name === "PermissionDenied";
}
