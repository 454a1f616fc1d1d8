# Reads a run ledger as FORMAT.md describes it, and prints it as JSON. Usage: reader.py DIRECTORY
# In memory a JSON number is a float, and an integer of any size (`$rl` "int") is an int. Counts are printed as floats.
import array, base64, copy, hashlib, itertools, json, math, os, re, struct, sys, unicodedata, zlib; from zlib import (
    crc32, error); from operator import itemgetter
is_a, ROOT, MAX, TWO64, BIG = isinstance, sys.argv[1], 2**53 - 1, 2.0**64, 2.0**960
class Damaged(ValueError): code = "CORRUPT"
class Newer(Exception): code = "FORMAT_TOO_NEW"
BAD = OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, struct.error, error
def check(fine):
    if not fine: raise Damaged()
def attempt(otherwise, make, *arguments):  # BAD is what strange bytes can raise
    try: return make(*arguments)
    except BAD: return otherwise
def refuse(_): raise Damaged()  # ---- JSON ----
def parse(data, size=16 << 20, values=1_000_000):  # The data that JSON (in bytes) stands for
    left = [values]; check(len(data) <= 3 * size)
    def unwrap(value, level):
        left[0] -= 1; check(left[0] >= 0 and (level <= 128 or not is_a(value, (list, dict))))
        check(not is_a(value, float) or math.isfinite(value))
        if is_a(value, list): return [unwrap(item, level + 1) for item in value]
        if not is_a(value, dict): return value
        if "$rl" in value:
            kind, inner = value["$rl"], value["v"]; check(len(value) == 2)
            if kind == "f64" and inner in ("NaN", "Infinity", "-Infinity", "-0"): return float(inner)
            if kind == "int" and re.fullmatch("0|-?[1-9][0-9]{0,999}", inner): return int(inner)
            check(kind == "obj" and is_a(inner, dict)); value = inner
        return {key: unwrap(item, level + 1) for key, item in value.items()}
    return unwrap(json.loads(data.decode("utf-8"), parse_int=float, parse_float=float, parse_constant=refuse), 1)
ODD, GLOB = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "-0.0": "-0"}, {"**": ".*", "*": "[^/]*"}
def encode(value):  # The opposite of parse: what json.dumps can write
    if is_a(value, list): return [encode(item) for item in value]
    form = {key: encode(item) for key, item in value.items()} if is_a(value, dict) else value
    odd = ODD.get(repr(value)) if is_a(value, float) else str(value) if type(value) is int else None
    kind = "int" if odd and not is_a(value, float) else "f64" if odd else "obj"
    return {"$rl": kind, "v": odd or form} if odd or is_a(value, dict) and "$rl" in value else form
def checked(key, size, values=1_000_000, version="v"):  # The object in a file of checked JSON
    try:
        data = read(key); head = re.match(rb'\{"crc32":"([0-9a-f]{8})",', data); check(len(data) <= size)
        check(not head or int(head[1], 16) == crc32(data[head.end():]))
        found = parse(b"{" + data[head.end():] if head else data, size, values)
        if is_a(found[version], float) and found[version] > 1: raise Newer()
        check(head and fits(found, version + ":one")); return found
    except BAD: raise Damaged()
# ---- Shapes: "name:type" of each member; a text without a type, one of a list with "|". "?" if it may be left out ----
def safe(value): return is_a(value, float) and value.is_integer() and abs(value) <= MAX
def kind_of(kind): return lambda value: is_a(value, kind)
def each(kind, item): return lambda v: is_a(v, kind) and all(map(TYPES[item], getattr(v, "values", v.__iter__)()))
TYPES = {
    "number": lambda v: is_a(v, float) and math.isfinite(v), "bool": kind_of(bool),
    "": kind_of(str), "object": kind_of(dict), "list": kind_of(list),
    "safe": safe, "count": lambda v: safe(v) and v >= 0, "one": lambda v: kind_of(float)(v) and v == 1,
    "texts": each(dict, ""), "numbers": each(dict, "safe"), "words": each(list, ""), "counts": each(list, "count"),
    "reals": each(list, "number"),
    "id": lambda v: re.fullmatch(ID, v), "run": lambda v: re.fullmatch(RUN, v), "fork": lambda v: fits(v, FORK), "title": lambda v: v and not re.search("[\0-\x1f\x7f\ud800-\udfff]", v),
    "digest": lambda v: re.fullmatch("sha256:[0-9a-f]{64}", v), "short": lambda v: 0 < len(v.encode("utf-16le")) < 2001,
    "error": lambda v: fits(v, ERROR), "version": lambda v: fits(v, VERSION), "writer": lambda v: fits(v, WRITER),
    "inventory": each(list, "stored"), "stored": lambda v: fits(v, "name size:count digest?:digest") and is_name(v[
        "name"]) and ("digest" in v or v["name"][:8] == "journal/"), "origin": lambda v: fits(v, ORIGIN),
    "files": each(list, "file"), "file": lambda v: fits(v, FILE) and not v.get("portable") and good_path(v["path"])}
def members(shape): return re.findall(r"(\w+)(\??):?([\w|]*)", shape)
def known(value, shape): return {name: value[name] for name, _, _ in members(shape) if name in value}
def fits(value, shape): return attempt(False, lambda: is_a(value, dict) and all((value[name] in kind.split("|") if "|"
    in kind else TYPES[kind](value[name])) if name in value else optional for name, optional, kind in members(shape)))
TYPES.update({"code": lambda v: fits(v, CODE), "dirty": lambda v: is_a(v, bool) or v == "unknown", "lockfile": lambda
    v: fits(v, "path digest"), "patch": lambda v: fits(v, PATCH), "archive":
    lambda v: fits(v, PATCH + " files:count parts:parts") and 0 < len(v["parts"]) < 129})
CODE = "engine engineVersion? commit? branch? tag? authoredAt?:number committedAt?:number remotes:remotes dirty:dirty " + (
    "changes:changes untracked:untracked submodules:submodules entry? lockfile?:lockfile patch?:patch " + (
        "archive?:archive incomplete:words"))
LISTS = {"remotes": "name url", "changes": "path status", "untracked": "path size:count", "submodules":
    "path commit? dirty:dirty"}; PATCH = "digest:digest size:count complete:bool"
PART = "digest:digest size:count"
TYPES.update({name: (lambda shape: lambda v: is_a(v, list) and all(fits(item, shape) for item in v))(shape) for name,
    shape in {**LISTS, "parts": PART}.items()})
TYPES["damage"] = lambda v: is_a(v, list) and all(fits(it, "kind key message from?:count to?:count more?:count") for it in v)
RUN, FORK = r"(?a)[^\W_][\w-]{0,63}", "run:run step:safe"
ERROR, WRITER, DATASET = "name message stack?", "id:id beatMs:number alive?", "name digest uri? size?:count context? " + (
    "rows?:count columns?:count schema?:schema profile?:profile artifact?"); PROFILE = "nulls:count min?:real max?:real mean?:real distinct?:count"
FILE = "path size:count digest:digest portable?:bool"; ORIGIN = "key size:count digest:digest"
DEFINITION = "goal?:minimize|maximize stepMetric? description? unit?"
VERSION = "name version digest size:number type? aliases:words metadata:object createdAt:number runId? manifest:origin"
CREATED = "id experiment:title name createdAt:number startTime?:number params?:object tags?:texts " + (
    "environment?:object note? group? jobType? parent? forkOf?:fork writer:writer")
RICH = "key type:text|image|histogram|table inline? digest?:digest step:safe size:count mediaType width?:count " + (
    "height?:count caption? rows?:count columns?:count dates?:counts")
SESSION = "mode:start|join|exclusive|recover beatMs:number alive? fence?:safe positions?:numbers document?:count"
MANIFEST = "name:short version:count digest:digest type?:short runId?:short single:bool metadata:object files:files"
NOWHERE, EVENTS = {"from": None, "to": None}, {
    "session": SESSION + " writers?:count", "params": "set:object", "tags": "set?:texts remove?:words", "note": "text",
    "environment": "set:object", "metric": "name " + DEFINITION, "artifact": "version:version", "input":
    "version:version", "dataset": DATASET, "code": "code:code", "media": RICH + " at:number n:count", "beat": "", "clock":
    "jumpMs:number", "dropped": "points:safe", "leave": "next:safe", "finish":
    "status:finished|failed|killed endTime?:number error?:error", "interrupted": "positions:numbers endTime?:number"}
def known_code(v): return {**known(v, CODE), **{name: [known(item, LISTS[name]) for item in v[name]] for name in
    LISTS}, **{name: known(v[name], shape) for name, shape in (("lockfile", "path digest"), ("patch", PATCH)) if name in v},
    **{"archive": {**known(a, PATCH + " files"), "parts": [known(part, PART) for part in a["parts"]]} for a in [v.get(
        "archive")] if a}}
TYPES.update({"real": kind_of(float), "schema": lambda v: is_a(v, list) and len(v) <= 1000 and all(fits(it, "name type")
    for it in v), "profile": lambda v: is_a(v, dict) and len(v) <= 1000 and all(fits(it, PROFILE) for it in v.values())})
def known_dataset(ev): return {**ev, **({"schema": [known(it, "name type") for it in ev["schema"]]} if "schema" in ev
    else {}), **({"profile": {name: known(it, PROFILE) for name, it in ev["profile"].items()}} if "profile" in ev else {})}
def good_event(ev): return (fits(ev, "kind v:one order:safe time:number") and ev["kind"] in EVENTS and fits(ev, EVENTS[
    ev["kind"]]) and (ev["kind"] != "media" or ("digest" in ev) != ("inline" in ev)))
N, SEQ, ID = "(?:[0-9]{4}|[1-9][0-9]{4,8})", "(?:[0-9]{6}|[1-9][0-9]{6,11})", "[0-9a-z][0-9a-z_-]{0,63}"
FENCE = f"fences/{SEQ}"  # ---- Keys and files ----
NAME = (rf"run\.created\.json|run(\.(?!000[01]){N})?\.json|journal/{ID}\.{SEQ}|metrics((\.{N}){{0,2}}\.parquet|"
    rf"(\.{N})?\.overview|-{ID}\.(events|media|summaries))|"
    rf"{FENCE}\.(json|claim\.[0-9a-f]{{32}}|end\.{ID}\.(?P<next>0|[1-9][0-9]*))")  # below a run
def is_name(text): found = re.fullmatch(NAME, text); return found and int(found["next"] or 0) <= MAX
DEVICE = r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]|conin\$|conout\$)%s(\..*)?"
def device(name, between=""): return bool(re.fullmatch(DEVICE % between, name, re.I | re.A | re.S))
def escape(name):
    raw = unicodedata.normalize("NFC", name).encode("utf-8")
    text = "".join(chr(byte) if re.match("[a-z0-9_.-]", chr(byte)) else "=%02x" % byte for byte in raw)
    text = re.sub(r"^\.|\.$", "=2e", text); return "=%02x" % ord(text[0]) + text[1:] if device(text) else text
def unescape(key):  # The name that an escaped one stands for
    name = re.sub(rb"=([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), key.encode()).decode()
    check(name and escape(name) == key); return name
def read(key, size=None):
    with open(os.path.join(ROOT, *key.split("/")), "rb") as file: data = file.read(-1 if size is None else size)
    check(size is None or len(data) == size); return data
def listing(prefix):  # All keys below a prefix, without it, with their sizes
    top = os.path.join(ROOT, prefix); paths = [os.path.join(at, it) for at, _, names in os.walk(top) for it in names]
    return {os.path.relpath(path, top).replace(os.sep, "/"): os.path.getsize(path) for path in sorted(paths)}
def histogram(it):
    counts, edges, ends = it["counts"], it.get("edges"), it.get("range"); check(TYPES["counts"](counts))
    bins, more = len(counts), [it.get(name, 0.0) for name in ("nan", "negativeInfinity", "positiveInfinity")]
    if bins and is_a(ends, list) and len(ends) == 2 and all(map(kind_of(float), ends)):
        low, high = ends; wide = not math.isfinite(high - low); edges = [low] + [min(high, 2 * (low / 2 + (high / 2 -
            low / 2) * (i / bins)) if wide else low + (high - low) * (i / bins)) for i in range(1, bins)] + [high]
    check(bins <= 10_000 and TYPES["counts"](more) and TYPES["reals"](edges) and len(edges) == (bins + 1 if bins else 0)
        and all(low < high for low, high in zip(edges, edges[1:]))); return True
def utf8(text): return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
def intact(item):  # Whether the content of a file or a rich value is what is said of it
    digest = item.get("digest", "")[7:]
    data = read(f"blobs/sha256/{digest[:2]}/{digest}") if digest else utf8(item["inline"])
    check(len(data) == item["size"] and digest in ("", hashlib.sha256(data).hexdigest()))
    if item.get("type") == "text": data.decode()
    if item.get("type") == "histogram": histogram(parse(data))
    return True
def content(item): return "intact" if attempt(False, intact, item) else "damaged"
def inflate(data, size):
    gz = zlib.decompressobj(31); out = gz.decompress(data, size + 1); check(gz.eof and len(out) == size); return out
class Cursor:  # ---- Bytes and Parquet ---- Reads bytes from the beginning to the end
    def __init__(self, data, at=0): self.data, self.at = data, at
    def more(self): return self.at < len(self.data)
    def take(self, size):
        check(self.at + size <= len(self.data)); self.at += size; return self.data[self.at - size:self.at]
    def varint(self, bits=53, value=0, shift=0):
        for byte in iter(lambda: self.take(1)[0], None):
            value |= (byte & 127) << shift; shift += 7; check(value < 1 << bits and shift < bits + 10)
            if byte < 128: return value
    def zigzag(self, bits=53): value = self.varint(bits); return (value >> 1) ^ -(value & 1)
    def text(self): return self.take(self.varint()).decode("utf-8")
    def number(self, kind="d", size=8): return struct.unpack("<" + kind, self.take(size))[0]
    def integer(self, size=4): return int.from_bytes(self.take(size), "little")
    def thrift(self, kind=12):  # A value of Thrift's compact protocol. A struct is a dictionary by field number
        if kind < 4: return self.integer(1) if kind == 3 else kind == 1
        if kind < 8: return self.number() if kind == 7 else self.zigzag(64)
        if kind == 8: return self.take(self.varint())
        if kind < 11:
            head = self.integer(1); size = head >> 4 if head < 0xF0 else self.varint(); check(size <= len(self.data))
            return [self.thrift(head & 15) for _ in range(size)]
        fields, field = {}, 0; check(kind == 12)
        for head in iter(lambda: self.integer(1), 0):
            field = field + (head >> 4) if head >> 4 else self.zigzag(64); fields[field] = self.thrift(head & 15)
        return fields
def hybrid(cur, width, total):  # Integers in the RLE / bit-packing hybrid
    out = []
    while len(out) < total:
        size, packed = divmod(cur.varint(), 2); bits = cur.integer(size * width if packed else (width + 7) // 8)
        out += [bits >> i * width & (1 << width) - 1 for i in range(size * 8)] if packed else [bits] * min(size, total)
    return out[:total]
def delta(cur, total):  # Integers in DELTA_BINARY_PACKED
    block, minis, size, value = cur.varint(), cur.varint(), cur.varint(), cur.zigzag(64)
    check(size == total > 0); out, each = [value], block // minis
    while len(out) < total:
        least, widths = cur.zigzag(64), cur.take(minis)
        for width in widths[:-(-(total - len(out)) // each)]:
            packed = cur.integer(each * width // 8)
            for i in range(min(each, total - len(out))):
                out.append((out[-1] + least + (packed >> i * width & (1 << width) - 1) + 2**63) % 2**64 - 2**63)
    return out
def cells(cur, kind, code, total, words):
    if code == 8: return [words[i] for i in hybrid(cur, cur.integer(1), total)]
    if code == 5: return delta(cur, total)
    if kind == 6: return [cur.take(cur.integer()).decode("utf-8") for _ in range(total)]
    data = cur.take(8 * total); streams = range(total if code == 9 else 1); check(code in (0, 9))
    return struct.unpack("<%d%s" % (total, "q" if kind == 2 else "d"), b"".join(data[i::len(streams)] for i in streams))
def points_of(data, run, points):  # Adds the points in a Parquet file to `points`: by metric steps, times and values
    check(data[-4:] == b"PAR1"); footer = data[len(data) - 8 - int.from_bytes(data[-8:-4], "little"):-8]
    cur = Cursor(footer); meta = cur.thrift(); check(not cur.more())
    for pair in [pair for pair in meta.get(5, []) if pair[1] == b"runledger.crc32"]:
        crc = crc32(footer[:footer.rindex(b"runledger.crc32\x18\x08" + pair[2]) + 17]); check(pair[2] == b"%08x" % crc)
    for group in meta.get(4, []):
        cols, at = {}, 0
        for name, chunk in zip([item[4] for item in meta[2][1:]], group[1]):
            chunk, words = chunk[3], None; low, high = (chunk.get(12, {}).get(field) for field in (6, 5))
            if name == b"run_id": check(low in (None, run.encode()) or low != high); continue
            if name == b"key" and low is not None and low == high: cols[name] = [low.decode()] * group[3]; continue
            cur, cols[name] = Cursor(data, chunk.get(11, chunk[9])), []; end = cur.at + chunk[7]
            check(4 <= cur.at <= chunk[9] < end)
            while cur.at < end:
                header = cur.thrift(); body = cur.take(header[3])
                check(4 not in header or header[4] % 2**32 == crc32(body))
                page = Cursor(inflate(body, header[2]) if chunk[4] == 2 else body)
                if header[1] == 2: words = cells(page, chunk[1], 0, header[7][1], None)
                else: cols[name] += cells(page, chunk[1], header[5][2], header[5][1], words)
                check(not page.more())
            check(cur.at == end and len(cols[name]) == chunk[5] == group[3])
        for key, same in itertools.groupby(cols[b"key"]):
            start, at = at, at + len(list(same))
            for out, name in zip(points.setdefault(key, series()), (b"step", b"time", b"value")):
                out.extend(map(float, cols[name][start:at]))
def series(): return [array.array("d") for _ in "stv"]
def two_sum(a, b): total = a + b; return total, (a - total) + b if abs(a) >= abs(b) else (b - total) + a
class State:  # ---- Summaries ---- What is known of the points of a metric: a point is its value, step and time
    def __init__(self, numbers=(0.0, 0.0, 0.0)):
        check(len(numbers) in (3, 6, 12) and all(map(kind_of(float), numbers)))
        check(all(number == number for number in numbers[4:5] + numbers[6:7] + numbers[9:10]))
        (self.count, self.sum, self.rest), self.last, self.min, self.max = (numbers[at:at + 3] for at in (0, 3, 6, 9))
    def later(self, point): return point if not self.last or point[1] >= self.last[1] else self.last
    def large(self): return bool(self.max) and (self.max[0] >= BIG or self.min[0] <= -BIG)
    def widen(self, low, high):
        self.min = low if low and (not self.min or low[0] < self.min[0]) else self.min
        self.max = high if high and (not self.max or high[0] > self.max[0]) else self.max
    def add(self, point):
        value, large = point[0], self.large()
        big = large or abs(value) >= BIG; part = 1.0 if large or not big else TWO64
        if self.count == 0 and not big: self.sum, more = value, 0.0
        else: self.sum, more = two_sum(self.sum / part, value / TWO64 if big else value)
        self.rest, self.count, self.last = self.rest / part + more, self.count + 1, self.later(point)
        self.widen(*[point if value == value else []] * 2)
    def merge(self, other):
        large = self.large(), other.large(); self.widen(other.min, other.max)
        mine, its = (TWO64 if self.large() and not was else 1.0 for was in large)
        self.sum, more = two_sum(self.sum / mine, other.sum / its)
        self.rest = (self.rest / mine + other.rest / its) + more
        self.count, self.last = self.count + other.count, self.later(other.last)
    def summary(self, goal):
        last, low, high = (dict(zip(("value", "step", "time"), point)) for point in (self.last, self.min, self.max))
        mean = (self.sum + self.rest if math.isfinite(self.sum) and self.rest != 0 else self.sum) / self.count
        out = {"last": last, "mean": mean * TWO64 if self.large() else mean, "count": self.count}
        best = low if goal == "minimize" else high if goal == "maximize" else {}
        if low: out.update({"min": low, "max": high}, **({"best": best} if best else {}))
        return out
def pattern(glob): return "".join(GLOB.get(part) or re.escape(part) for part in re.findall(r"\*\*|\*|[^*]+", glob))
def goal_of(name, defs):
    fit = [glob for glob in defs if glob != name and re.fullmatch(pattern(glob), name, re.S)] + [name] * (name in defs)
    return ([None] + [defs[glob]["goal"] for glob in fit if "goal" in defs[glob]])[-1]
def summarize(rec, stats):  # Sets `metrics` and `media`, of the states and the rich values of writers, in their order
    metrics, media = {}, {}
    for states, rich in stats:
        for name, state in states.items():
            metrics[name].merge(state) if name in metrics else metrics.update({name: copy.copy(state)})
        for key, (total, _, kind, step, at, size, media_type) in rich.items():
            media[key] = {"type": kind, "count": total + (media[key]["count"] if key in media else 0), "last": {"step":
                step, "time": at, "size": size, "mediaType": media_type}}
    about = rec["metricDefinitions"]; rec.update({"media": media} if media else {})
    rec["metrics"] = {name: state.summary(goal_of(name, about)) for name, state in metrics.items()}
def add_damage(damage, item):
    same, place = [old for old in damage if old["kind"] == item["kind"]], itemgetter("key", "from", "to")
    if item["kind"] != "unknown" and place({**NOWHERE, **item}) in [place({**NOWHERE, **old}) for old in same]: return
    if len(same) < 100: damage.append({name: value for name, value in item.items() if name != "message"})
    else: same[99]["more"] = same[99].get("more", 0.0) + 1 + item.get("more", 0.0)
def limited(items): out = []; any(add_damage(out, item) for item in items); return out
class Writer:  # ---- Journals ---- A writer: as `compacted` has it (`item`), and what its journal says
    def __init__(self, name, item={"order": MAX, "fence": None, "next": 0, "events": [], "damage": []}, stats=None):
        self.id, self.order, self.fence, self.next = name, item["order"], item["fence"], int(item["next"])
        self.last, self.first, self.damage = item.get("lastTime"), MAX, limited(item["damage"])
        self.began, self.is_open = None, False  # of its segments: the first session's order, and whether there are any
        self.events, self.rich = list(item["events"]), list(item.get("mediaList", []))
        check(all(map(good_event, self.events + self.rich)) and all(ev["kind"] == "media" for ev in self.rich))
        self.states, self.media = stats or ({key: State(state) for key, state in item.get("metrics", {}).items()}, dict(
            item.get("media", {})))
        self.first_step = item.get("firstStep")
        self.points, self.counts = {}, {key: int(state.count) for key, state in self.states.items()}
    def of_kind(self, kind): return [ev for ev in self.events if ev["kind"] == kind]
    def recovers(self): return any(ev["mode"] == "recover" for ev in self.of_kind("session"))
    def place(self, born):  # Finds `order` and `fence` after all records were read
        first = (self.of_kind("session") or [{}])[0]; order = self.first if self.began is None else self.began
        if self.order == MAX and self.is_open: self.order = 0 if born["writer"]["id"] == self.id else order
        self.fence = first.get("fence", 0.0) if self.fence is None else self.fence; return self.order
    def take_event(self, ev):
        self.last, kind = ev["time"], ev["kind"]
        if kind != "beat" and self.first == MAX: self.first = ev["order"]
        if kind == "session" and self.began is None: self.began = ev["order"]
        if kind != "media": return None if kind == "beat" else self.events.append(ev)
        self.rich.append(ev); old = self.media.get(ev["key"], [0.0, -1])
        new = [ev[name] for name in ("n", "type", "step", "at", "size", "mediaType")]
        self.media[ev["key"]] = [old[0] + 1] + (new if ev["n"] >= old[1] else old[1:])
    def take_row(self, step, time, pairs):
        if self.first_step is None and any(name[:7] != "system/" for name, _ in pairs): self.first_step = step
        for name, value in pairs:
            self.states.setdefault(name, State()).add([value, step, time])
            for out, item in zip(self.points.setdefault(name, series()), (step, time, value)): out.append(item)
    def define(self, cur, names, shapes):
        while cur.more():
            tag, number = cur.varint(), cur.varint(); check(tag < 2)
            if tag: shapes[number] = [names[cur.varint()] for _ in range(cur.varint())]
            else: names[number] = cur.text()
    def take_records(self, cur, shapes, end, report):
        first, count = cur.varint(), cur.varint(); at, step, time = first, 0, 0
        if first >= end: return
        if first > self.next: report("missing"); self.next = first
        while cur.more():
            tag, counts, at = cur.varint(), self.next <= at < end, at + 1
            if check(tag > 1) or 5 <= tag <= 7: raise Newer()
            if tag == 2:
                ev = cur.take(cur.varint()); ev = parse(ev) if counts else None
                counts and (self.take_event(ev) if good_event(ev) else report("unknown"))
                self.next = at if counts else self.next; continue
            step, time = (cur.number(), cur.number()) if tag == 3 else (step + cur.zigzag(), time + cur.zigzag())
            check(safe(float(step)) and safe(float(time))); step, time = int(step), int(time); pairs = []
            if tag == 4: pairs = [(cur.text(), cur.number()) for _ in range(cur.varint())]
            if tag > 7:
                names = shapes[tag - 8]; small = int.from_bytes(cur.take((len(names) + 7) // 8), "little")
                pairs = [(name, cur.number(*("f", 4) if small >> i & 1 else "d")) for i, name in enumerate(names)]
            if tag == 3: at -= 1
            elif counts: self.last, self.next = float(time), at; self.take_row(float(step), float(time), pairs)
        check(at == first + count); self.next = max(self.next, min(at, end))
    def read_segment(self, run, name, last, end):
        key, names, shapes, magic, found = f"runs/{run}/journal/{name}", {}, {}, b"RLJOURN\1", False
        self.is_open = True; data, base = read(key), crc32(f"{run}/{self.id}.{int(name.split('.')[1])}".encode())
        def right(start, stop): return crc32(data[start:stop], base).to_bytes(4, "little") == data[stop:stop + 4]
        def report(kind, start, stop):
            area = {} if kind == "unknown" else {"from": float(start), "to": float(stop)}
            if self.next < end: add_damage(self.damage, {"kind": kind, "key": key, **area})
        def of_frame(kind): report(kind, at, at if kind == "missing" else stop)
        size, (at, bad) = len(data), (8, None) if data.startswith(magic) else (0, 0)  # `bad` is where damage began
        if size < 8 and magic.startswith(data): return report("torn-tail", 0, size)
        while at < size:
            length = int.from_bytes(data[at:at + 4], "little"); stop = at + 12 + length
            fine = 1 <= length <= 1 << 24 and right(at, at + 4)
            if fine and stop <= size and right(at + 8, stop - 4):
                if bad is not None: report("corrupt", bad, at)
                try:
                    payload = Cursor(data[at + 9:stop - 4]); check(data[at + 8])
                    if data[at + 8] > 2: raise Newer()
                    if data[at + 8] == 1: self.define(payload, names, shapes)
                    else: self.take_records(payload, shapes, end, of_frame)
                except Newer: of_frame("newer")
                except BAD: of_frame("corrupt")
                at, bad, found = stop, None, True; continue
            if bad is None and (size - at < 8 or fine and stop > size): return report("torn-tail", at, size)
            at, bad = at + 1, at if bad is None else bad
        if bad is not None and not found and data[:7] == magic[:7] and data[7:8] > b"\1": report("newer", 0, size)
        elif bad is not None: report("unreadable-tail" if last and any(data[bad:]) else "torn-tail", bad, size)
def merge(old, new): return {**old, **{key: merge(old[key], value) if is_a(value, dict) and is_a(old.get(key), dict)
    else value for key, value in new.items()}}
def put(items, item, same):  # The item of a list that is the same as another one, which is appended if there is none
    found = [old for old in items if all(old.get(name) == item.get(name) for name in same)] or [item]
    items += [] if found[0] in items else found; return found[0]
def jumps(clocks):  # `sum` of Python 3.12 rounds in another way
    totals = [0.0, 0.0]
    for i, ev in enumerate(clocks): totals[i > 18] += ev["jumpMs"]
    return totals[0] + totals[1]
def fold(born, whos, fences, begun):  # ---- Runs ---- The record of a run. `begun`: rule 2 of the certainly gone
    rec = dict(known(born, "id name experiment note parent group jobType environment"), **({"forkOf": known(born["forkOf"],
        FORK)} if "forkOf" in born else {}), status="running",
        startTime=born.get("startTime", born["createdAt"]), params=born.get("params", {}), tags=born.get("tags", {}),
        metricDefinitions={}, artifacts=[], inputs=[], datasets=[], dropped=0.0)
    people = [who for who in whos if not who.recovers()]
    for fence, _, i, n in sorted((w.fence, e["order"], i, n) for i, w in enumerate(whos) for n, e in enumerate(
        w.events)):
        ev = whos[i].events[n]; kind, end = ev["kind"], None
        if kind == "session" and ev["mode"] != "recover": end, rec["status"] = {}, "running"
        if kind == "params": rec["params"] = merge(rec["params"], ev["set"])
        if kind == "note": rec["note"] = ev["text"]
        if kind == "environment": rec["environment"] = {**rec.get("environment", {}), **ev["set"]}
        if kind == "code": rec["code"] = known_code(ev["code"])
        if kind == "dropped": rec["dropped"] += ev["points"]
        if kind == "metric": rec["metricDefinitions"].setdefault(ev["name"], {}).update(known(ev, DEFINITION))
        if kind == "tags": rec["tags"] = {key: tag for key, tag in {**rec["tags"], **ev.get("set", {})}.items() if key
            not in ev.get("remove", [])}
        if kind in ("artifact", "input"):
            of, v = rec[kind + "s"], ev["version"]; new = dict(known(v, VERSION), manifest=known(v["manifest"], ORIGIN))
            of[of.index(put(of, new, ("name", "version", "digest")))] = new
        if kind == "dataset": ev = known_dataset(ev)
        if kind == "dataset": put(rec["datasets"], dict(known(ev, DATASET), time=ev["time"]), ("name", "digest",
            "context")).update(known(ev, DATASET))
        if kind == "finish" or kind == "interrupted" and rec["status"] == "running" and not any(who.next > ev[
            "positions"].get(who.id, 0) for who in people if who.fence >= fence):
            rec["status"], end = ev.get("status", kind), {"endTime": ev.get("endTime", ev["time"])}
            if "error" in ev: end["error"] = known(ev["error"], ERROR)
        if end is not None: rec = {**{name: rec[name] for name in rec if name not in ("endTime", "error")}, **end}
    opened = any(who.fence >= fences and not who.of_kind("finish") and not any(ev["next"] >= who.next for ev in
        who.of_kind("leave")) for who in people)
    signs = [(w.last, jumps(w.of_kind("clock"))) for w in people if w.last is not None] + [(born["createdAt"], 0)]
    rec["lastActivity"] = max(last for last, _ in signs)
    if rec["status"] == "running" and not opened and begun and (not fences or any(w.fence >= fences for w in people)):
        rec.update(status="interrupted", endTime=max(last - jump for last, jump in signs))
    if "endTime" in rec: rec["endTime"] = max(rec["endTime"], rec["startTime"])
    summarize(rec, [(who.states, who.media) for who in whos]); return rec
def pages(run, item, summaries=False):  # By writer the items in an object with pages
    data, found, number = Cursor(read(f"runs/{run}/{item['name']}", int(item["size"]))), {}, 0; magic = data.take(8)
    while data.more():
        head = data.take(8); length, size = struct.unpack("<2I", head); check(size <= 32 << 20)
        check(not summaries or size <= 200 * length + (256 << 10))
        check(crc32(head, crc32(f"{run}/{item['name']}/{number}".encode())) == data.integer()); number += 1
        for row in parse(inflate(data.take(length), size), 32 << 20, 8_000_000):
            if is_a(row, str): who = row; found[who] = [] if summaries else found.get(who, [])
            else: found[who].append(row)
    check(magic == b"RLPAGES\1"); return found
def stats_of(run, item):  # By writer its states and rich values, of an object with summaries
    return {who: ({row[0]: State(row[1:]) for row in rows if len(row) != 8}, {row[0]: row[1:] for row in rows if len(
        row) == 8}) for who, rows in pages(run, item, True).items()}
def read_run(run, names):  # What is printed of a run, or None if there is none. `names` are its keys and their sizes
    top, segs, ends, fences, docs, markers, points = f"runs/{run}/", {}, {}, 0, {}, {}, False
    for name, size in names.items():
        found = re.fullmatch(f"journal/({ID})\\.({SEQ})|{FENCE}\\.end\\.({ID})\\.(0|[1-9][0-9]*)|"
            f"{FENCE[:-len(SEQ)]}({SEQ})\\.json|run\\.json|run\\.({N})\\.json|lifecycle/({N})\\.json", name)
        found = found and int(found[4] or 0) <= MAX and found
        points = points or re.fullmatch(f"metrics(\\.{N}){{0,2}}\\.parquet|metrics(\\.{N})?\\.overview", name)
        if found and found[1]: segs[found[1], int(found[2])] = name, size
        elif found and found[3]: ends[found[3]] = min(int(found[4]), ends.get(found[3], int(found[4])))
        elif found and found[5]: fences = max(fences, int(found[5]))
        elif found and found[7] and int(found[7]): markers[int(found[7])] = name
        elif found and int(found[6] or 2) > 1: docs[int(found[6] or 1)] = name
    newest, lost, no, doc, stats, totals = max(docs, default=0), [], ({}, {}), None, None, None
    check(newest or not points or any(ends.get(who) != 0 for who, _ in segs))
    before = done = {"metrics": [], "writers": [], "ends": {}, "media": [], "events": []}; begun = dict(sorted(segs))
    try:  # Without a document there is no number 0
        doc = checked(top + docs[newest], 128 << 20, 8_000_000); rec, part = doc["record"], doc.get("compacted", done)
        check(rec["id"] == run and fits(rec, "name experiment:title status metricDefinitions:object damage:damage "
            "metrics?:object media?:object datasets?:list code?:code forkOf?:fork") and ("metrics" in rec or "summaries" in doc) and
            fits(part, "metrics:words writers:list ends:object media:words events:words overview? summaries?") and
            fits(doc, "objects:inventory summaries?"))
        objects = {item["name"]: item for item in doc["objects"]}; check(len(objects) == len(doc["objects"]))
        covers = {name: item["size"] for name, item in objects.items() if name[:8] == "journal/"}
        doc.update({"summaries": objects[doc["summaries"]]} if "summaries" in doc else {})
        part.update({name: objects[part[name]] for name in ("overview", "summaries") if name in part})
        part.update({name: [objects[item] for item in part[name]] for name in ("metrics", "media", "events")})
        check(all(item["name"].endswith(".parquet") for item in part["metrics"]))
        check(all(item["name"][:8] == "metrics-" for item in part["media"] + part["events"]))
        check(len({Writer(item["writer"], item).id for item in part["writers"]}) == len(part["writers"]) and
            all(TYPES["damage"](item["damage"]) for item in part["writers"]))
    except BAD: check(not newest or not points); doc = None
    def packed(who, seq, size):
        left = done["ends"].get(who, {"segments": 0})["segments"] - 1 - seq
        return left > 0 or left == 0 and size <= done["ends"][who]["bytes"]
    if doc:
        done = doc.get("compacted", before)
        named = [doc.get("summaries"), done.get("overview"), done.get("summaries")]
        lost = [item["name"] for item in done["metrics"] + done["media"] + done["events"] + named if item and item[
            "name"] not in names] + [name for name, size in covers.items() if names.get(name, -1) < size]
        parts = [((who, seq), end) for who, end in done["ends"].items() for seq in range(int(end["segments"]))]
        if lost and all(names.get(name, -1) >= size for name, size in covers.items()) and all(segs.get(place, (0, -1))[
            1] >= (end["bytes"] if place[1] + 1 == end["segments"] else 1) for place, end in parts):
            doc, lost, done = None, [], before
        if doc and "summaries" in doc: totals = stats_of(run, doc["summaries"])
        if "summaries" in done: stats = stats_of(run, done["summaries"])
    reach = {item["writer"]: item["next"] for item in done["writers"]}
    if doc: lost += ["journal/" + name for name, end in ends.items() if name not in begun and reach.get(name, 0) < end]
    current = doc and rec["status"] != "running" and all(packed(*place, size) or size <= covers.get(name, -1)
        for place, (name, size) in segs.items()) and (lost or all(item["kind"] != "missing" for item in rec["damage"]))
    rest = sorted(place for place, (_, size) in segs.items() if not packed(*place, size))
    writers = {i["writer"]: Writer(i["writer"], i, stats and stats.get(i["writer"], no)) for i in done["writers"]}
    whos = list(writers.values())
    if not current and "run.created.json" not in names: return None
    is_newer = False
    try: born = attempt(None, beginning, run) if current else beginning(run)
    except Newer:
        if not current: raise
        born, is_newer = None, True
    for who, seq in rest if born else []: writers.setdefault(who, Writer(who)).read_segment(run, segs[who, seq][0][8:],
        seq == begun[who], ends.get(who, MAX + 1))
    order = sorted(writers.values(), key=lambda who: (who.place(born), who.id))
    if current: damage = rec["damage"]; rec.setdefault("datasets", []); totals and summarize(rec, totals.values())
    else:
        damage = sum([who.damage for who in order], [])
        rec = fold(born, order, fences, born["writer"]["id"] in writers or fences)
        said, sessions = {}, [ev for who in order for ev in who.of_kind("session")]
        for ev in sessions + [ev for who in order for ev in who.of_kind("interrupted")]:
            for name, number in ev.get("positions", {}).items(): said[name] = max(number, said.get(name, 0))
        said.update(ends); told = {name: who.next for name, who in writers.items()}
        lost += ["journal/" + name for name, number in said.items() if told.get(name, 0) < number]
        late = [ev["document"] for ev in sessions if ev.get("document", 0) > newest and ev.get("writers", 0) > sum(
            who.next > 0 and who.order < ev["order"] for who in order)]
        if late: lost.append("run.%04d.json" % max(late) if max(late) > 1 else "run.json")
    rec["damage"] = limited(damage + [{"kind": "missing", "key": top + name} for name in lost])
    rec.pop("deletedAt", None)
    for last in [max(markers)] if markers else []:
        marker = checked(top + markers[last], 4096)
        check(fits(marker, "run n:count deleted:bool time:number") and (marker["run"], marker["n"]) == (run, last))
        if marker["deleted"]: rec["deletedAt"] = marker["time"]
    files = [item for item in done["metrics"] if item["name"] in names]
    code, cuts = "FORMAT_TOO_NEW" if is_newer else "CORRUPT", replaced(order)
    found = attempt(code, histories, run, files, whos if rest or not files else None, order, born or files and not rest)
    return {"record": rec, "histories": found, "latest": attempt(code, histories, run, files, whos, order, born, cuts) if
        cuts else found,
        "media": "FORMAT_TOO_NEW" if is_newer else attempt("CORRUPT", rich, run, done, names, order, born or done is not
            before and not rest)}
def beginning(run):
    it = checked(f"runs/{run}/run.created.json", 48 << 20); check(fits(it, CREATED) and it["id"] == run); return it
def replaced(whos):  # By writer the step from which on its points are replaced
    people, ends, out = {who.id: who for who in whos if not who.recovers()}, {}, {}
    def ended(name, order): ends[name] = min(order, ends.get(name, math.inf))
    for who, ev in [(who, ev) for who in whos for ev in who.events]:
        if ev["kind"] == "finish" or ev["kind"] == "leave" and ev["next"] >= who.next: ended(who.id, ev["order"] + 1)
        for name, number in ev.get("positions", {}).items():
            if name in people and name != who.id and people[name].next <= number: ended(name, ev["order"])
    for who in people.values():
        for other in people.values():
            if other.fence > who.fence: ended(who.id, other.order)
        steps = [o.first_step for o in people.values() if o.first_step is not None and o.order > who.order and o.order >=
            ends.get(who.id, math.inf)]
        if steps: out[who.id] = min(steps)
    return out
def histories(run, files, compacted, order, fine, cuts={}):
    stored, out, no = {}, {}, series(); check(fine)
    for item in files: points_of(read(f"runs/{run}/{item['name']}", int(item["size"])), run, stored)
    for key in set(stored).union(*[who.points for who in order if compacted is not None]):
        cols, at, parts = stored[key] if compacted is None else series(), 0, {}
        for w in compacted or []: parts[w.id] = slice(at, at + w.counts.get(key, 0)); at = parts[w.id].stop
        for w in [] if compacted is None else order:
            part = parts.get(w.id, slice(0))
            own = [old[part] + new for old, new in zip(stored.get(key, no), w.points.get(key, no))]
            keeps = [key[:7] == "system/" or step < cuts.get(w.id, math.inf) for step in own[0]]
            for col, more in zip(cols, own): col.extend(x for x, keep in zip(more, keeps) if keep)
        places = sorted(range(len(cols[0])), key=cols[0].__getitem__)
        if cuts and not places: continue
        out[key] = {name: base64.b64encode(struct.pack("<%dd" % len(places), *(column[i] for i in places))).decode() for
            name, column in zip(("steps", "times", "values"), cols)}
    return out
def origin(run):  # Where a run was forked
    try: return attempt({}, beginning, run).get("forkOf")
    except Newer: return None
def inherit(runs, name):  # Puts the points that forks inherit before their own
    own = {run: found.get(name) for run, found in runs.items()}
    for run in [run for run in runs if is_a(own[run], dict)]:
        at, to, parts, seen, out = origin(run), math.inf, [own[run]], {run}, {}
        while at and at["run"] not in seen and len(parts) <= 100:
            seen.add(at["run"]); to = min(to, at["step"]); old = own.get(at["run"]); at = origin(at["run"])
            parts.insert(0, {key: cut(columns, to) for key, columns in old.items()} if is_a(old, dict) else {})
        for key in set().union(*parts) if len(parts) > 1 else []:
            rows = sorted((row for part in parts for row in unpack(part.get(key, {}))), key=itemgetter(0))
            if rows: out[key] = pack(zip(*rows))
        if len(parts) > 1: runs[run][name] = out
NAMES = "steps", "times", "values"
def unpack(of): return zip(*(struct.unpack("<%dd" % (len(raw) // 8), raw) for raw in (base64.b64decode(of.get(name, "")) for
    name in NAMES)))
def pack(columns): return {name: base64.b64encode(struct.pack("<%dd" % len(column), *column)).decode() for name, column in
    zip(NAMES, columns)}
def cut(columns, to): return pack(list(zip(*(row for row in unpack(columns) if row[0] <= to))) or [(), (), ()])
def rich(run, done, names, order, fine):
    check(fine); found = [pages(run, item) for item in done["media"] if item["name"] in names]
    events = [ev for who in order for ev in sorted(sum([page.get(who.id, []) for page in found], who.rich),
        key=itemgetter("n"))]
    rows = [dict(known(ev, RICH), time=ev["at"]) for ev in sorted(events, key=itemgetter("step"))]
    return [dict(row, content=content(row)) for row in rows]
def good_path(path):  # ---- Artifacts ----
    return (unicodedata.normalize("NFC", path) == path and len(path.encode()) <= 4096 and path.count("/") < 64 and not
        re.search(r"[\0-\x1f\x7f-\x9f\\]|^[A-Za-z]:(/|$)", path) and not any(part in ("", ".", "..") or len(
        part.encode()) > 255 for part in path.split("/")))
def above(path): return [path[:i] for i, char in enumerate(path) if char == "/"]
def unportable(paths):  # Those of the paths that some systems cannot hold
    found, folded, out = {}, [unicodedata.normalize("NFC", path.upper().lower()) for path in paths], set()
    for path, plain in zip(paths, folded): found.setdefault(plain, []).append(path)
    for path, plain in zip(paths, folded):
        others = [other for folder in above(plain) for other in found.get(folder, [])]
        if others or len(found[plain]) > 1 or any(re.search(r'[<>:"|?*]|[. ]$', part) or device(part, " *") for part in
            path.split("/")): out.update(others + [path])
    return out
def read_version(key, name, number):  # The version that a manifest tells of
    man = checked(key, 64 << 20, 8_000_000); files = man["files"]
    check(fits(man, MANIFEST + " createdAt:number") and (man["name"], man["version"]) == (name, number))
    raw, paths = [f["path"].encode() for f in files], {f["path"] for f in files}
    check(raw == sorted(set(raw)) and not any(folder in paths for path in paths for folder in above(path)))
    check(not man["single"] or len(files) == 1 and files[0]["digest"] == man["digest"])
    out, bad = known(man, VERSION), unportable(sorted(paths))
    lines = "".join('["%s",%d,"%s"]\n' % (f["path"].replace('"', r'\"'), f["size"], f["digest"][7:]) for f in files)
    if not man["single"] and hashlib.sha256(lines.encode()).hexdigest() != out["digest"][7:]: out["error"] = "CORRUPT"
    else: out["files"] = [dict(known(f, "path size:count digest:digest"), content=content(f), **({"portable": False} if
        f["path"] in bad or "portable" in f else {})) for f in files]
    data, size = read(key), sum((f["size"] for f in files), 0.0); check(safe(size))
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return dict(out, size=size, manifest={"key": key, "size": float(len(data)), "digest": digest})
def read_artifacts():
    mans, marks, out, named = {}, {}, {}, {}
    for key in listing("artifacts"):
        found = re.fullmatch(r"([^/]+)/(versions|aliases/([^/]+))/([0-9]{8})(\.([0-9a-z]{1,64}))?\.json", key)
        name, alias = (attempt(None, unescape, found and found[i]) for i in (1, 3))
        into, place = (marks, (name, alias)) if found and found[3] else (mans, name)
        if name and (alias or into is mans): into.setdefault(place, []).append((found[4], found[6] or "", key))
    for (name, alias), records in marks.items():
        try: rec = checked("artifacts/" + max(records)[2], 16 << 10)
        except (*BAD, Newer): continue
        right = fits(rec, "name alias number:count version") and (rec["name"], rec["alias"], rec["number"]) == (name,
            alias, int(max(records)[0]))
        named.setdefault((name, right and rec["version"]), []).append(alias)
    for name, keys in mans.items():
        for number, ident, key in sorted(keys):
            version = "v%d" % int(number) + ("." + ident if ident and [k[0] for k in keys].count(number) > 1 else "")
            called = sorted(named.get((name, version), []), key=lambda text: text.encode("utf-16-be"))
            try: found = dict(read_version("artifacts/" + key, name, int(number)), version=version, aliases=called)
            except (*BAD, Newer): continue
            out.setdefault(name, []).append(found)
    return out
def main():
    runs, out = {}, {}
    try: checked("ledger.json", 64 << 10, version="version")
    except (Damaged, Newer) as problem: return {"error": problem.code}
    for key, size in listing("runs").items():
        run, _, name = key.partition("/")
        if re.fullmatch(RUN, run) and not device(run): runs.setdefault(run, {})[name] = size
    for run, names in runs.items():
        try: out.update({run: found for found in [read_run(run, names)] if found})
        except (*BAD, Newer) as problem: out[run] = {"error": getattr(problem, "code", "CORRUPT")}
    for name in ("histories", "latest"): inherit(out, name)
    for found in out.values():
        all_of, latest = found.get("histories"), found.pop("latest", None)
        if not is_a(latest, dict): found.update({"latest": latest} if latest != all_of else {}); continue
        changed = {key: latest.get(key) for key in all_of if latest.get(key) != all_of[key]}
        if changed: found["latest"] = changed
    return {"runs": out, "artifacts": read_artifacts()}
print(json.dumps(encode(main())))
