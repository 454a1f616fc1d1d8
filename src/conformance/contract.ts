/**
 * The sentences of the contract that cases check, word for word as in the comments of `Backend` (a test compares the
 * two). A case that fails names the sentence.
 */
export const contract = {
  object: "An object is a key and immutable bytes",
  onlyAppendChanges: "Only `append` ever changes an object",
  promise: "it returns a promise and never throws synchronously",
  visible: "it resolves only when the change is visible to every handle on the same place",
  notEarly: "Resolving early, even one microtask before the bytes are in place, breaks the contract",
  errors: "it rejects only with a `LedgerError` that has `key` and `code`",
  aborted: "An aborted call rejects promptly with the signal's reason",
  abortedBefore: "A call whose signal is aborted beforehand has no effect",
  closed: "after `close()` it rejects with `CLOSED`",
  input: "A backend never changes the bytes passed in, and never keeps them after the call",
  output: "The bytes it returns belong to the caller and are a `Uint8Array` (no subclass) with a buffer of its own",
  version: "Version of this contract",
  capabilities: "What a backend can do here",
  appendCapability: "`append` exists and adds bytes to the end of an object",
  moveCapability: "`move` exists and renames in one step without copying bytes",
  exclusiveCreate:
    "Exactly one of any number of simultaneous `create` calls on one key resolves, from any number of processes",
  durable: "What a resolved call stored survives the end of this process",
  token: "Identifies this thread of this process, and never another one. Opaque, at most 200 characters",
  isAlive: "Resolves to `true` if the thread runs, `false` if it certainly ended, else `undefined`. Never rejects",
  createDurable: "With `durable`, the object survives a power cut, whether the call resolves or rejects with `EXISTS`",
  createWhole: "Stores a new object, whole or not at all: no reader ever sees a part of it, not even after a crash",
  createNeverReplaces:
    "Never replaces an object: if the key exists, it rejects with `EXISTS` and the object keeps its bytes",
  failedStream: "If a body stream fails, nothing is stored and the call rejects with that failure",
  wrongSize: "If a stream yields more or fewer bytes than its `size`, it rejects with `INVALID_ARGUMENT`",
  read: "Returns the bytes of an object, or of a range of it",
  rangeCut: "A range is cut at the end of the object. It is empty, and not an error, if it begins there or later",
  readMissing: "Rejects with `NOT_FOUND` if there is no such object",
  merePrefix: "A key that is only the prefix of other keys is not an object",
  stat: "Returns the size in bytes, or `undefined` if there is no such object",
  listOrder: "once, in ascending code-unit order of the whole key, and nothing else (no temporary files)",
  listPrefix: "A prefix is whole segments: `runs/1` finds `runs/1/a`, but neither `runs/10/a` nor an object `runs/1`",
  listEmpty: "The empty prefix finds everything, and a prefix with nothing under it finds nothing",
  startAfter: "`startAfter` is exclusive and need not exist",
  pageSize: "`pageSize` is only a hint: the list goes on as long as the caller takes entries",
  listChanging: "Objects created or removed during the listing may or may not be listed",
  listStop: "The caller may stop early",
  entrySize: "`size` is in bytes",
  removeOne: "Removes one object, never those under its key",
  removeMissing: "Resolves if there is no such object",
  recreate: "The key can be created again",
  appendEnd: "Adds bytes to the end of an object, and creates it if it is missing",
  appendAt:
    "With `at`, it rejects with `CONFLICT` and adds nothing unless the object has this size; 0 allows a missing one",
  appendUnsupported: "Without `capabilities.append`, the method is absent or rejects with `UNSUPPORTED`",
  appendOrder: "Calls on one key from one handle take effect in the order of the calls",
  move: "Gives an object another key in one step. Rejects with `EXISTS` if `to` exists, `NOT_FOUND` if `from` does not",
  moveUnsupported: "Without `capabilities.move`, the method is absent or rejects with `UNSUPPORTED`",
  changesTell: "If changes continue, whichever handle makes them, a next hint comes eventually, or the hints end",
  changesRelease:
    "Stopping at any step, an abort and `close()` release what the watching holds. `close()` also ends the hints",
  closeOthers: "Other handles on the same place stay open",
  closeTwice: "Closing twice is allowed",
} as const;

/** A sentence of the contract that cases check. */
export type Sentence = (typeof contract)[keyof typeof contract];
