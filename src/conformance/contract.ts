/**
 * The sentences of the contract that cases check, word for word as in the comments of `Backend` (a test compares the
 * two). A case that fails names the sentence.
 */
export const contract = {
  object: "An object is a key and immutable bytes",
  onlyAppendChanges: "the only change an object ever sees is `append`",
  promise: "it returns a promise and never throws synchronously",
  visible: "it resolves only when the change is visible to every handle on the same place",
  notEarly: "Resolving early, even by one microtask before the bytes are in place, breaks the contract",
  errors: "it rejects with a `LedgerError` only, carrying `key` and a `code`",
  aborted: "an aborted call rejects with the signal's reason, promptly",
  abortedBefore: "a call whose signal is aborted beforehand has no effect",
  closed: "after `close()` it rejects with `CLOSED`",
  input: "Bytes passed in are never kept after the call and never changed",
  output: "bytes handed out belong to the caller and are exactly `Uint8Array` (no subclass) over a buffer of their own",
  version: "Version of this contract",
  capabilities: "What a backend can do here",
  appendCapability: "`append` exists and adds bytes to the end of an object",
  moveCapability: "`move` exists and renames in one step without copying bytes",
  exclusiveCreate:
    "Of any number of `create` calls on one key at once, from any number of processes, exactly one resolves",
  durable: "What a resolved call stored survives the end of this process",
  token: "Names this thread of this process, and no other one ever. Opaque, at most 200 characters",
  isAlive: "`true` runs, `false` certainly ended, `undefined` cannot be told from here. Never rejects",
  createDurable:
    "With `durable` a resolved call survives a power cut, and so does the object in the way of one that rejects with `EXISTS`",
  createWhole: "Stores a new object, whole or not at all: no reader, and no crash, ever shows a part of it",
  createNeverReplaces: "Never replaces: when the key exists it rejects with `EXISTS` and the object keeps its bytes",
  failedStream: "A body stream that fails leaves nothing behind and the call rejects with that failure",
  wrongSize: "one that yields more or fewer bytes than its `size` fails with `INVALID_ARGUMENT`",
  read: "The bytes of an object, or of a range of it",
  rangeCut:
    "A range is cut at the end of the object, so one that begins at or behind the end gives no bytes and is no error",
  readMissing: "`NOT_FOUND` when there is no such object",
  merePrefix: "a key that is only the prefix of others is no object",
  stat: "The size in bytes, or `undefined` when there is no such object",
  listOrder: "in ascending code-unit order of the whole key, each once, and nothing else (no temporary files)",
  listPrefix:
    "A prefix counts whole segments: `runs/1` finds `runs/1/a`, never `runs/10/a`, and not an object `runs/1`",
  listEmpty: "The empty prefix finds everything; a prefix with nothing under it gives nothing",
  startAfter: "`startAfter` is exclusive and need not exist",
  listChanging: "Objects created or removed meanwhile may or may not be seen",
  listStop: "The caller may stop early",
  entrySize: "`size` is in bytes",
  removeOne: "Removes one object, never what lies under its key",
  removeMissing: "Removing what is not there resolves",
  recreate: "The key can be created again",
  appendEnd: "Adds bytes to the end of an object, which is created when missing",
  appendAt:
    "With `at` it rejects with `CONFLICT`, and adds nothing, when the object has another size, or is gone while `at` is not 0",
  appendUnsupported: "Only where `capabilities.append`; elsewhere the method is absent or rejects with `UNSUPPORTED`",
  appendOrder: "Calls on one key from one handle take effect in the order of the calls",
  move: "Gives an object another key, in one step: `EXISTS` when `to` exists, `NOT_FOUND` when `from` does not",
  moveUnsupported: "Only where `capabilities.move`",
  changesTell: "Of changes that go on they tell in the end, whichever handle makes them, or the hints end",
  changesRelease:
    "The caller may stop at any step, which releases what the watching holds; so does an abort, and so does `close()`, which ends the hints",
  closeOthers: "Other handles on the same place go on",
  closeTwice: "Closing twice is fine",
} as const;

/** A sentence of the contract that cases check. */
export type Sentence = (typeof contract)[keyof typeof contract];
