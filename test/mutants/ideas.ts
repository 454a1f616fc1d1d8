/** Defects that suites of other projects miss, each with the case that must kill it. */
export const ideas: Readonly<Record<string, string>> = {
  "remove does nothing": "remove: no method of any handle finds the object",
  "create overwrites": "create: never replaces an object, whatever the new bytes",
  "value truncated at 4 kB": "create: sizes around powers of two come back whole",
  "value truncated above 1 MiB": "create: 3 MiB and one byte come back whole, from bytes and from a stream",
  "prefix runs/1 takes runs/10": "list: a prefix counts whole segments",
  "keeps the caller's buffer": "create: the bytes of a view are copied",
  "empty value lost": "create: an object may be empty, from bytes and from a stream",
  "removing an absent key rejects": "remove: it resolves if the object is missing",
  "non-ASCII keys mangled": "keys: characters beyond ASCII do not change",
  "create resolves 5 ms before the write lands": "concurrency: a change is visible at the moment its call resolves",
  "create resolves one microtask before the write lands":
    "concurrency: a change is visible at the moment its call resolves",
  "hands out the stored bytes themselves": "read: returned bytes belong to the caller",
  "list is in the order of creation": "list: keys come in code-unit order of the whole key",
  "list is in the order of the locale": "list: keys come in code-unit order of the whole key",
  "ignores byteOffset": "create: the bytes of a view are copied",
  "check-then-set race":
    "concurrency: exactly one of several simultaneous creates of one key resolves, and its bytes stay",
  "each handle keeps its writes to itself until it is closed":
    "concurrency: a handle sees what another one changed since its last look",
  "each handle caches what it read": "concurrency: a handle sees what another one changed since its last look",
  "foreign error for NOT_FOUND": "read: a missing key is NOT_FOUND, and the error names it",
  "error without its key": "read: a missing key is NOT_FOUND, and the error names it",
  "read throws synchronously": "read: a missing key is NOT_FOUND, and the error names it",
  "text round trip": "create: every byte value comes back, line ends and broken UTF-8 included",
  "folds case": "keys: case is kept",
  "list shows temporary files": "list: the empty prefix finds everything, with sizes, and nothing else",
  "list loses its last key": "list: the empty prefix finds everything, with sizes, and nothing else",
  "list stops at 1000": "list: thousands of keys, each once, across page edges, while some are removed",
  "list repeats a key at a page edge": "list: thousands of keys, each once, across page edges, while some are removed",
  "list of an absent prefix rejects": "list: an empty place and an absent prefix give nothing",
  "ignores the signal": "abort: a call whose signal is aborted beforehand rejects with the reason and has no effect",
  "aborted create still lands":
    "abort: a call whose signal is aborted beforehand rejects with the reason and has no effect",
  "hangs on abort": "abort: a create from a stalled stream rejects promptly and leaves nothing",
  "remove takes the subtree": "remove: objects under a key and beside it stay",
  "a removed key cannot be created again": "remove: the key can be created again, with other bytes, by any handle",
  "a key is blocked by its parent key, removed long ago":
    "remove: after it, keys above and below the removed one are free",
  "read of a mere prefix succeeds": "read: a key that is only a prefix of others is not an object",
  "half-written object visible": "create: nothing is visible while a stream is being read",
  "failing stream leaves what came before":
    "create: a stream that fails leaves nothing, and the call rejects with its failure",
  "torn object left by an abort under way": "abort: a create from a stalled stream rejects promptly and leaves nothing",
  "returns a Buffer": "read: returned bytes are a plain Uint8Array with a buffer of its own",
  "returns a view on a larger buffer": "read: returned bytes are a plain Uint8Array with a buffer of its own",
  "no contract": "shape: contract is 1 and the backend has a name",
  "works after close": "close: every method rejects with CLOSED afterwards, and nothing changes",
  "lost acknowledgement: create lands and rejects":
    "create: every byte value comes back, line ends and broken UTF-8 included",
  "a repeated create takes its own object for another's":
    "create: every byte value comes back, line ends and broken UTF-8 included",
  "a list that was left early keeps its cursor, of which there are 32":
    "list: the caller may stop early, any number of times",
  "a range is read off by one": "read: a range gives exactly its bytes",
  "a range past the end is filled with zeros": "read: a range is cut at the end of the object",
};
