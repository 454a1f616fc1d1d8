/** The versions that the aliases of an artifact mean, and those that are stored. */
export class AliasTargets {
  readonly name: string;
  /** By the folder of the alias: the first key of a listing counts. */
  readonly #meant = new Map<string, { readonly key: string; readonly tag: string }>();
  /** By number: the ids of the versions, `""` for none. Versions that were removed are not among them. */
  readonly #stored = new Map<number, Set<string>>();

  constructor(name: string) {
    this.name = name;
  }

  /** Takes a key of the artifact, in the order of a listing. */
  see(key: string): void {
    const [, , kind, folder, last, ...more] = key.split("/");
    if (folder === undefined || last === undefined || more.length > 0) return;
    const [, tag] = /^\d{8}\.(v\d{1,8}(?:\.[0-9a-z]{1,64})?)$/.exec(last) ?? [];
    if (kind === "aliases" && tag !== undefined && !this.#meant.has(folder)) this.#meant.set(folder, { key, tag });
    const [, low, id = "", form] = /^(\d{2})(?:\.([0-9a-z]{1,64}))?\.(json|removed)$/.exec(last) ?? [];
    if (kind !== "versions" || low === undefined || !/^\d{6}$/.test(folder)) return;
    const number = 99_999_999 - Number(folder + low);
    const ids = this.#stored.get(number) ?? new Set();
    this.#stored.set(number, ids);
    // The marker of a version that was removed comes after its manifest.
    if (form === "removed") ids.delete(id);
    else ids.add(id);
  }

  #isStored(tag: string): boolean {
    const [number, id] = tag.slice(1).split(".");
    const ids = this.#stored.get(Number(number));
    return ids !== undefined && (id === undefined ? ids.size > 0 : ids.has(id));
  }

  /** Returns the aliases that mean a version that is not stored. */
  lost(): { readonly key: string; readonly message: string }[] {
    return [...this.#meant.values()]
      .filter(({ tag }) => !this.#isStored(tag))
      .map(({ key, tag }) => {
        const what = `${key} is an alias of ${this.name}:${tag}, which is missing`;
        return { key, message: `${what}. The other versions are not affected. Set the alias to another version` };
      });
  }
}
