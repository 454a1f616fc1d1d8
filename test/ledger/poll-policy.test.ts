import { expect, test } from "vitest";
import { pollDelay, PollPolicy } from "../../src/ledger/poll-policy.ts";

const nothing = { byHint: false, hinted: false, grew: false, news: false };
const news = { ...nothing, grew: true, news: true };

test("waits double from 250 ms to 10 s, and are four times as long if hints are trusted", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 1000].map((inVain) => pollDelay(inVain))).toEqual([
    250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000,
  ]);
  expect(pollDelay(1000, true)).toBe(40_000);
});

test("hints are trusted as long as they report what a look finds", () => {
  const policy = new PollPolicy();
  expect(policy.delay(true)).toBe(250);
  policy.looked({ ...news, byHint: true, hinted: true });
  expect([policy.delay(true), policy.delay(false)]).toEqual([1000, 250]);
  policy.looked(nothing);
  expect(policy.delay(true)).toBe(2000);
  policy.looked(news);
  expect(policy.delay(true)).toBe(250);
});

test("hints that often lead to nothing no longer shorten the wait", () => {
  const policy = new PollPolicy();
  for (let i = 0; i < 8; i++) {
    expect(policy.hearsHints).toBe(true);
    policy.looked({ ...nothing, byHint: true, hinted: true });
  }
  expect(policy.hearsHints).toBe(false);
  policy.looked(nothing);
  expect(policy.hearsHints).toBe(true);
});
