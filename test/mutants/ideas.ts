/** Defects that suites of other projects were seen to miss, each with the case that is meant to kill it. */
export const ideas: Readonly<Record<string, string>> = {
  "remove does nothing": "remove: the object is gone for every way of looking and every handle",
  "create overwrites": "create: never replaces an object, whatever the new bytes",
  "value truncated at 4 kB": "create: sizes around powers of two come back whole",
  "value truncated above 1 MiB": "create: 3 MiB and one byte come back whole, from bytes and from a stream",
  "prefix runs/1 takes runs/10": "list: a prefix counts whole segments",
  "keeps the caller's buffer": "create: bytes are taken from where a view says, and copied",
  "empty value lost": "create: an object may be empty, from bytes and from a stream",
  "removing an absent key rejects": "remove: removing what is not there resolves",
  "non-ASCII keys mangled": "keys: beyond ASCII they come back as they were",
  "create resolves 5 ms before the write lands": "concurrency: a change is visible at the moment its call resolves",
  "create resolves one microtask before the write lands":
    "concurrency: a change is visible at the moment its call resolves",
  "hands out the stored bytes themselves": "read: bytes handed out are the caller's own",
  "list is in the order of creation": "list: keys come in code-unit order of the whole key",
  "list is in the order of the locale": "list: keys come in code-unit order of the whole key",
  "ignores byteOffset": "create: bytes are taken from where a view says, and copied",
  "check-then-set race": "concurrency: of creates of one key at once exactly one resolves, and its bytes stay",
  "each handle keeps its writes to itself until it is closed":
    "concurrency: what one handle looked up is not kept from another's changes",
  "each handle caches what it read": "concurrency: what one handle looked up is not kept from another's changes",
  "foreign error for NOT_FOUND": "read: what is not there is NOT_FOUND, and the error names the key",
  "error without its key": "read: what is not there is NOT_FOUND, and the error names the key",
  "read throws synchronously": "read: what is not there is NOT_FOUND, and the error names the key",
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
  "hangs on abort": "abort: a create whose stream never goes on rejects promptly and leaves nothing",
  "remove takes the subtree": "remove: what lies under a key stays, and so do its neighbours",
  "a removed key cannot be created again": "remove: the key can be created again, with other bytes, by any handle",
  "a key is blocked by its parent key, removed long ago":
    "remove: a key is free for an object above or below once what was there is removed",
  "read of a mere prefix succeeds": "read: a key that is only a prefix of others is no object",
  "half-written object visible": "create: nothing is visible while a stream is still coming in",
  "failing stream leaves what came before":
    "create: a stream that fails leaves nothing, and its failure is what the call rejects with",
  "torn object left by an abort under way":
    "abort: a create whose stream never goes on rejects promptly and leaves nothing",
  "returns a Buffer": "read: bytes are a plain Uint8Array over a buffer of their own",
  "returns a view on a larger buffer": "read: bytes are a plain Uint8Array over a buffer of their own",
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
