/** Returns the value of an own key of a dictionary. `constructor` and `__proto__` are keys like any other. */
export function ownValue<T>(dictionary: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(dictionary, key) ? dictionary[key] : undefined;
}

/** Sets a key of a plain object. Assigning to `__proto__` would change the prototype instead. */
export function setOwn<T>(dictionary: { [key: string]: T }, key: string, value: T): void {
  if (key !== "__proto__") dictionary[key] = value;
  else Object.defineProperty(dictionary, key, { value, enumerable: true, configurable: true, writable: true });
}
