/** Returns the result of a calculation in pieces, and how often it may be interrupted. */
export function countYields<T>(work: Iterator<unknown, T, void>): { readonly value: T; readonly yields: number } {
  for (let yields = 0; ; yields++) {
    const { done, value } = work.next();
    if (done) return { value: value as T, yields };
  }
}
