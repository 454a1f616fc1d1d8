// node .ci/total.mjs REPORT...: adds up vitest's JSON reports. What did not succeed comes last, with the reason: BROKEN_STEPS names steps, a line each.
import { readFileSync } from "node:fs";

const steps = (process.env["BROKEN_STEPS"] ?? "").split("\n").filter((line) => line !== "");
const failures = steps.map((step) => `failed step: ${step}`);
let passed = 0;
let failed = steps.length;
let skipped = 0;
console.log("");
for (const file of process.argv.slice(2)) {
  let report = {};
  try {
    report = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // No report, or half of one: counted below as a run without success.
  }
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0, testResults = [] } = report;
  passed += numPassedTests;
  failed += numFailedTests;
  skipped += numPendingTests + numTodoTests;
  if (report.success !== true && numFailedTests === 0 && steps.length === 0) failed++;
  for (const { name, message, assertionResults } of testResults) {
    const place = name.split("/").slice(-2).join("/");
    // A file that cannot be loaded has no tests.
    if (message) failures.push(`failed: ${place}: ${firstLine(message)}`);
    for (const { status, fullName, failureMessages } of assertionResults) {
      if (status === "failed") failures.push(`failed: ${fullName}  (${place}): ${firstLine(failureMessages?.[0])}`);
      else if (status !== "passed") console.log(`${status}: ${fullName}  (${place})`);
    }
  }
}
if (passed === 0 && failed === 0) failed = 1;
for (const failure of failures) console.log(failure);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 ? 1 : 0;

function firstLine(text = "") {
  return text.split("\n", 1)[0].slice(0, 300);
}
