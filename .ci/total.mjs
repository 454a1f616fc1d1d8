// node .ci/total.mjs BROKEN REPORT...: adds up vitest's JSON reports and the number of steps that failed.
import { readFileSync } from "node:fs";

const [broken, ...reports] = process.argv.slice(2);
let passed = 0;
let failed = Number(broken);
let skipped = 0;
console.log("");
for (const file of reports) {
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
  if (report.success !== true && numFailedTests === 0 && Number(broken) === 0) failed++;
  for (const { name, assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) {
      if (status !== "passed") console.log(`${status}: ${fullName}  (${name.split("/").slice(-2).join("/")})`);
    }
  }
}
if (passed === 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 ? 1 : 0;
