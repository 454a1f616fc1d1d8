/** What CONDITIONAL_WRITES says of the store, so that not each of many processes has to probe it. */
export function conditionalWrites(): "atomic" | "none" | undefined {
  const value = process.env["CONDITIONAL_WRITES"];
  return value === "atomic" || value === "none" ? value : undefined;
}
