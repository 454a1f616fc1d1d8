# How FORMAT.md stores things: JSON, the shapes of objects, names, contents, and Parquet. reader.py reads with this.
# In memory a JSON number is a float, and an integer of any size (`$rl` "int") is an int. Counts are printed as floats.
import hashlib, itertools, json, math, os, re, struct, sys, unicodedata, zlib
from zlib import crc32
is_a, ROOT, MAX = isinstance, sys.argv[1], 2**53 - 1

class Damaged(ValueError): code = "CORRUPT"
class Newer(Exception): code = "FORMAT_TOO_NEW"
BAD = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, struct.error,
    zlib.error)  # What strange bytes can raise
def check(fine):
    if not fine: raise Damaged()
def attempt(otherwise, make, *arguments):
    try: return make(*arguments)
    except BAD: return otherwise
def refuse(_): raise Damaged()  # ---- JSON ----
def parse(data, size=16 << 20, values=1_000_000):  # The data that JSON (in bytes) stands for
    left = [values]
    check(len(data) <= 3 * size)
    def unwrap(value, level):
        left[0] -= 1
        check(left[0] >= 0 and (level <= 128 or not is_a(value, (list, dict))))
        check(not is_a(value, float) or math.isfinite(value))
        if is_a(value, list): return [unwrap(item, level + 1) for item in value]
        if not is_a(value, dict): return value
        if "$rl" in value:
            kind, inner = value["$rl"], value["v"]
            check(len(value) == 2)
            if kind == "f64" and inner in ODD.values(): return float(inner)
            if kind == "int" and re.fullmatch("0|-?[1-9][0-9]{0,999}", inner): return int(inner)
            check(kind == "obj" and is_a(inner, dict))
            value = inner
        return {key: unwrap(item, level + 1) for key, item in value.items()}
    return unwrap(json.loads(data.decode("utf-8"), parse_int=float, parse_float=float, parse_constant=refuse), 1)
ODD = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "-0.0": "-0"}
def encode(value):  # The opposite of parse: what json.dumps can write
    if is_a(value, list): return [encode(item) for item in value]
    if type(value) is int: return {"$rl": "int", "v": str(value)}
    if is_a(value, float) and repr(value) in ODD: return {"$rl": "f64", "v": ODD[repr(value)]}
    if not is_a(value, dict): return value
    form = {key: encode(item) for key, item in value.items()}
    return {"$rl": "obj", "v": form} if "$rl" in value else form
def checked(key, size, values=1_000_000, version="v"):  # The object in a file of checked JSON
    try:
        data = read(key)
        head = re.match(rb'\{"crc32":"([0-9a-f]{8})",', data)
        check(len(data) <= size and (not head or int(head[1], 16) == crc32(data[head.end():])))
        found = parse(b"{" + data[head.end():] if head else data, size, values)
        if is_a(found[version], float) and found[version] > 1: raise Newer()
        check(head and fits(found, version + ":one"))
        return found
    except BAD: raise Damaged()
def is_other():  # Whether a damaged ledger.json is of another program, or perhaps of a later version
    data = attempt(b"", read, "ledger.json")
    found = attempt(Damaged, parse, data)
    own = found is Damaged if not is_a(found, dict) else "crc32" in found or found.get("format") == "runledger"
    return not own or bool(re.search(rb'"version":(?!1[,}])', data))

# ---- Shapes: "name:type" of each member, without a type a text; "?" if it may be left out. A type is one of TYPES or
# of SHAPES, texts with "|" between them, "type[]" for a list, or "type{}" for an object of such values ----
def members(shape): return re.findall(r"(\w+)(\??):?([\w|{}\[\]]*)", shape)
def has_type(value, kind):
    if kind[-1] in "]}":
        items = value if is_a(value, list) else list(value.values()) if is_a(value, dict) else []
        return is_a(value, list if kind[-1] == "]" else dict) and all(has_type(item, kind[:-2]) for item in items)
    if kind in SHAPES: return fits(value, SHAPES[kind]) and RULES.get(kind, bool)(value)
    return value in kind.split("|") if "|" in kind else TYPES[kind](value)
def fits(value, shape): return attempt(False, lambda: is_a(value, dict) and all(has_type(value[name], kind or "text")
    if name in value else optional for name, optional, kind in members(shape)))
def known_of(value, kind):
    if kind[-2:] == "[]": return [known_of(item, kind[:-2]) for item in value]
    if kind[-2:] == "{}": return {name: known_of(item, kind[:-2]) for name, item in value.items()}
    return known(value, SHAPES[kind]) if kind in SHAPES else value
def known(value, shape):  # The members that the shape names
    return {name: known_of(value[name], kind) for name, _, kind in members(shape) if name in value}

def safe(value): return is_a(value, float) and value.is_integer() and abs(value) <= MAX
def kind_of(kind): return lambda value: is_a(value, kind)
def matching(pattern): return lambda value: re.fullmatch(pattern, value)
def good_path(path):
    parts = path.split("/")
    return (unicodedata.normalize("NFC", path) == path and len(path.encode()) <= 4096 and len(parts) <= 64 and
        not re.search(r"[\0-\x1f\x7f-\x9f\\]|^[A-Za-z]:(/|$)", path) and
        not any(part in ("", ".", "..") or len(part.encode()) > 255 for part in parts))
D = "(?:0|[1-9][0-9]{,14})"
N, SEQ, ID = "(?:[0-9]{4}|[1-9][0-9]{4,8})", "(?:[0-9]{6}|[1-9][0-9]{6,11})", "[0-9a-z][0-9a-z_-]{0,63}"
RUN = r"(?a)[^\W_][\w-]{0,63}"
TYPES = {"text": kind_of(str), "object": kind_of(dict), "list": kind_of(list), "bool": kind_of(bool),
    "real": kind_of(float), "number": lambda v: is_a(v, float) and math.isfinite(v), "safe": safe,
    "count": lambda v: safe(v) and v >= 0, "one": lambda v: is_a(v, float) and v == 1, "no": lambda v: v is False,
    "id": matching(ID), "run": matching(RUN), "digest": matching("sha256:[0-9a-f]{64}"),
    "title": lambda v: v and not re.search("[\0-\x1f\x7f\ud800-\udfff]", v), "path": good_path,
    "short": lambda v: 0 < len(v.encode("utf-16le")) < 2001,
    "described": lambda v: 0 < len(v.encode("utf-16le", "surrogatepass")) < 20_001,
    "dirty": lambda v: is_a(v, bool) or v == "unknown"}
ORIGIN, PATCH = "key size:count digest:digest", "digest:digest size:count complete:bool"
SHAPES = {"fork": "run:run step:safe", "error": "name message stack?", "origin": ORIGIN, "remote": "name url",
    "version": "name version digest size:number type? aliases:text[] metadata:object createdAt:number runId? "
        "manifest:origin",
    "writer": "id:id beatMs:number alive?", "stored": "name size:count digest?:digest", "change": "path status",
    "untracked": "path size:count", "submodule": "path commit? dirty:dirty", "lockfile": "path digest",
    "patch": PATCH, "part": "digest:digest size:count", "archive": PATCH + " files:count parts:part[]",
    "code": "engine engineVersion? commit? branch? tag? authoredAt?:number committedAt?:number remotes:remote[] "
        "dirty:dirty changes:change[] untracked:untracked[] submodules:submodule[] entry? directory? "
        "lockfile?:lockfile patch?:patch archive?:archive incomplete:text[]",
    "column": "name type", "profile": "nulls:count min?:real max?:real mean?:real distinct?:count",
    "damage": "kind key message from?:count to?:count more?:count",
    "packed": "stream:id offset:count", "pack": "digest:digest size:count",
    "file": "path:path size:count digest:digest portable?:no in?:count at?:count"}
DATASET = ("name digest uri? size?:count context? rows?:count columns?:count schema?:column[] profile?:profile{} "
    "artifact?")
DEFINITION = "goal?:minimize|maximize stepMetric? description? unit?"
CREATED = ("id experiment:title name createdAt:number startTime?:number params?:object tags?:text{} "
    "environment?:object note? group? jobType? parent? forkOf?:fork writer:writer")
RICH = ("key type:text|image|histogram|table inline? digest?:digest step:safe size:count mediaType width?:count "
    "packed?:packed height?:count caption? rows?:count columns?:count dates?:count[]")
MANIFEST = ("name:short version:count digest:digest type?:short description?:described runId?:short single:bool "
    "metadata:object files:file[] createdAt:number packs?:pack[]")
RECORD = ("name experiment:title status metricDefinitions:object damage:damage[] metrics?:object media?:object "
    "datasets?:list code?:code forkOf?:fork")
COMPACTED = "metrics:text[] writers:list ends:object media:text[] events:text[] overview? summaries?"
EVENTS = {"session": "mode:start|join|exclusive|recover beatMs:number alive? fence?:safe positions?:safe{} "
        "document?:count writers?:count", "params": "set:object", "tags": "set?:text{} remove?:text[]", "note": "text",
    "environment": "set:object", "metric": "name " + DEFINITION, "artifact": "version:version",
    "input": "version:version", "dataset": DATASET, "code": "code:code", "media": RICH + " at:number n:count",
    "beat": "", "clock": "jumpMs:number", "dropped": "points:safe", "leave": "next:safe",
    "finish": "status:finished|failed|killed endTime?:number error?:error",
    "interrupted": "positions:safe{} endTime?:number"}
RULES = {"archive": lambda v: 0 < len(v["parts"]) < 129,
    "media": lambda ev: ("packed" in ev) <= ("digest" in ev) != ("inline" in ev),
    "dataset": lambda ev: len(ev.get("schema", [])) <= 1000 and len(ev.get("profile", [])) <= 1000,
    "file": lambda v: ("in" in v) == ("at" in v), "pack": lambda v: v["size"] <= 8 << 20,
    "stored": lambda v: name_parts(v["name"]) and ("digest" in v or v["name"][:8] == "journal/")}
def good_event(ev): return (fits(ev, "kind v:one order:safe time:number") and ev["kind"] in EVENTS and
    fits(ev, EVENTS[ev["kind"]]) and RULES.get(ev["kind"], bool)(ev))

# ---- Keys and files ----
NAME = (rf"run\.created\.json|sealing\.json|(?P<document>run(\.(?!000[01])(?P<n>{N}))?\.json)|"
    rf"journal/(?P<writer>{ID})\.(?P<seq>{SEQ})(-(?P<flushes>(?!1$)[1-9][0-9]{{0,11}}))?|"
    rf"(?P<points>metrics((\.{N}){{0,2}}\.parquet|(\.{N})?\.overview))|metrics-{ID}\.(events|media|summaries)|"
    rf"media/(?P<stream>{ID})\.(?P<low>{D})-(?P<high>(?!0$){D})\.[0-9a-f]{{64}}|"
    rf"fences/((?P<fence>{SEQ})\.json|{SEQ}\.(claim\.[0-9a-f]{{32}}|end\.(?P<shut>{ID})\.(?P<next>0|[1-9][0-9]*)))")
def name_parts(text, pattern=NAME):  # The parts of a name below a run, or None if it is no name
    found = re.fullmatch(pattern, text)
    return found if found and int(found["next"] or 0) <= MAX and numbers(found)[0] > -2 else None
def numbers(found): return int(found["seq"] or 0) - int(found["flushes"] or 1), int(found["seq"] or 0)
def unrepeated(segments):  # By writer and number what is not repeated: name, size, number before its first
    low, out = {}, {}
    for writer, seq, down, *found in sorted(segments, reverse=True):
        if -down < low.get(writer, MAX): low[writer], out[writer, seq] = -down, (*found, -down)
    return out
DEVICE = r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]|conin\$|conout\$)%s(\..*)?"
def device(name, between=""): return re.fullmatch(DEVICE % between, name, re.I | re.A | re.S)
def escape(name):
    raw = unicodedata.normalize("NFC", name).encode("utf-8")
    text = "".join(chr(byte) if re.match("[a-z0-9_.-]", chr(byte)) else "=%02x" % byte for byte in raw)
    text = re.sub(r"^\.|\.$", "=2e", text)
    return "=%02x" % ord(text[0]) + text[1:] if device(text) else text
def unescape(key):  # The name that an escaped one stands for
    name = re.sub(rb"=([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), key.encode()).decode()
    check(name and escape(name) == key)
    return name

def read(key, size=None):
    with open(os.path.join(ROOT, *key.split("/")), "rb") as file: data = file.read(size)
    check(size is None or len(data) == size)
    return data
def listing(prefix):  # All keys below a prefix, without it, with their sizes
    top = os.path.join(ROOT, prefix)
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names]
    return {os.path.relpath(path, top).replace(os.sep, "/"): os.path.getsize(path) for path in sorted(paths)}
def histogram(it):  # Checks a histogram
    counts, edges, ends = it["counts"], it.get("edges"), it.get("range")
    bins, more = len(counts), [it.get(name, 0.0) for name in ("nan", "negativeInfinity", "positiveInfinity")]
    if bins and has_type(ends, "real[]") and len(ends) == 2:
        low, high = ends
        def between(part): return min(high, 2 * (low / 2 + (high / 2 - low / 2) * part))  # without an overflow
        edges = [low + (high - low) * (i / bins) if math.isfinite(high - low) else between(i / bins)
            for i in range(1, bins)]
        edges = [low] + edges + [high]
    check(has_type(counts, "count[]") and bins <= 10_000 and has_type(more, "count[]"))
    check(has_type(edges, "number[]") and len(edges) == (bins + 1 if bins else 0))
    check(all(low < high for low, high in zip(edges, edges[1:])))
def utf8(text): return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
def placed(run, event):
    return {"packed": dict(known(event["packed"], SHAPES["packed"]), run=run)} if "packed" in event else {}
def packed(item, digest):  # The content of a rich value in a pack
    at, size, top = item["packed"]["offset"], int(item["size"]), f"runs/{item['packed']['run']}"
    for found in filter(None, map(name_parts, listing(top) if size <= 2**23 else ())):
        if found["stream"] == item["packed"]["stream"] and int(found["low"]) <= at and at + size <= int(found["high"]):
            data = read(f"{top}/{found[0]}")[int(at) - int(found["low"]):][:size]
            if hashlib.sha256(data).hexdigest() == digest: return data
def intact(item):  # Checks that the content of a file or a rich value is what is said of it
    digest, pack, at = item.get("digest", "")[7:], item.get("pack"), int(item.get("at", 0))
    blob, end = (pack["digest"][7:], at + int(item["size"])) if pack else (digest, None)
    data = (packed(item, digest) if "packed" in item else
        read(f"blobs/sha256/{blob[:2]}/{blob}")[at:end] if digest else utf8(item["inline"]))
    check(len(data) == item["size"] and digest in ("", hashlib.sha256(data).hexdigest()))
    if item.get("type") == "text": data.decode()
    if item.get("type") == "histogram": histogram(parse(data))
    return "intact"
def content(item): return attempt("damaged", intact, item)
def inflate(data, size):
    gzip = zlib.decompressobj(31)
    out = gzip.decompress(data, size + 1)
    check(gzip.eof and len(out) == size)
    return out

class Cursor:  # ---- Bytes and Parquet ---- Reads bytes from the beginning to the end
    def __init__(self, data, at=0): self.data, self.at = data, at
    def more(self): return self.at < len(self.data)
    def take(self, size):
        check(self.at + size <= len(self.data))
        self.at += size
        return self.data[self.at - size:self.at]
    def varint(self, bits=53, value=0, shift=0):
        for byte in iter(lambda: self.take(1)[0], None):
            value, shift = value | (byte & 127) << shift, shift + 7
            check(value < 1 << bits and shift < bits + 10)
            if byte < 128: return value
    def zigzag(self, bits=53):
        value = self.varint(bits)
        return (value >> 1) ^ -(value & 1)
    def text(self): return self.take(self.varint()).decode("utf-8")
    def number(self, kind="d", size=8): return struct.unpack("<" + kind, self.take(size))[0]
    def integer(self, size=4): return int.from_bytes(self.take(size), "little")
    def thrift(self, kind=12):  # A value of Thrift's compact protocol. A struct is a dictionary by field number
        if kind < 4: return self.integer(1) if kind == 3 else kind == 1
        if kind < 8: return self.number() if kind == 7 else self.zigzag(64)
        if kind == 8: return self.take(self.varint())
        if kind < 11:
            head = self.integer(1)
            size = head >> 4 if head < 0xF0 else self.varint()
            check(size <= len(self.data))
            return [self.thrift(head & 15) for _ in range(size)]
        fields, field = {}, 0
        check(kind == 12)
        for head in iter(lambda: self.integer(1), 0):
            field = field + (head >> 4) if head >> 4 else self.zigzag(64)
            fields[field] = self.thrift(head & 15)
        return fields

def hybrid(cursor, width, total):  # Integers in the RLE / bit-packing hybrid
    out = []
    while len(out) < total:
        size, packed = divmod(cursor.varint(), 2)
        bits = cursor.integer(size * width if packed else (width + 7) // 8)
        out += [bits >> i * width & (1 << width) - 1 for i in range(size * 8)] if packed else [bits] * min(size, total)
    return out[:total]
def delta(cursor, total):  # Integers in DELTA_BINARY_PACKED
    block, minis, size, value = cursor.varint(), cursor.varint(), cursor.varint(), cursor.zigzag(64)
    out, each = [value], block // minis
    check(size == total > 0)
    while len(out) < total:
        least, widths = cursor.zigzag(64), cursor.take(minis)
        for width in widths[:-(-(total - len(out)) // each)]:
            packed = cursor.integer(each * width // 8)
            for i in range(min(each, total - len(out))):
                out.append((out[-1] + least + (packed >> i * width & (1 << width) - 1) + 2**63) % 2**64 - 2**63)
    return out
def cells(cursor, kind, code, total, words):
    if code == 8: return [words[i] for i in hybrid(cursor, cursor.integer(1), total)]
    if code == 5: return delta(cursor, total)
    if kind == 6: return [cursor.take(cursor.integer()).decode("utf-8") for _ in range(total)]
    check(code in (0, 9))
    data, streams = cursor.take(8 * total), total if code == 9 else 1
    return struct.unpack(f"<{total}{'q' if kind == 2 else 'd'}", b"".join(data[i::streams] for i in range(streams)))

def column(data, chunk, total):  # The cells of a column chunk, whose metadata is given
    cursor, out, words = Cursor(data, chunk.get(11, chunk[9])), [], None
    end = cursor.at + chunk[7]
    check(4 <= cursor.at <= chunk[9] < end)
    while cursor.at < end:
        header = cursor.thrift()
        body = cursor.take(header[3])
        check(4 not in header or header[4] % 2**32 == crc32(body))
        page = Cursor(inflate(body, header[2]) if chunk[4] == 2 else body)
        if header[1] == 2: words = cells(page, chunk[1], 0, header[7][1], None)
        else: out += cells(page, chunk[1], header[5][2], header[5][1], words)
        check(not page.more())
    check(cursor.at == end and len(out) == chunk[5] == total)
    return out
def add_points(data, run, points):  # Adds the points in a Parquet file: by metric a list of step, time and value
    check(data[-4:] == b"PAR1")
    footer = data[len(data) - 8 - int.from_bytes(data[-8:-4], "little"):-8]
    cursor = Cursor(footer)
    meta = cursor.thrift()
    check(not cursor.more())
    for digits in [pair[2] for pair in meta.get(5, []) if pair[1] == b"runledger.crc32"]:
        end = footer.rindex(b"runledger.crc32\x18\x08" + digits) + 17
        check(digits == b"%08x" % crc32(footer[:end]))
    for group in meta.get(4, []):
        columns, total = {}, group[3]
        for name, chunk in zip([item[4] for item in meta[2][1:]], group[1]):
            low, high = (chunk[3].get(12, {}).get(field) for field in (6, 5))
            if name == b"run_id": check(low in (None, run.encode()) or low != high)
            elif name == b"key" and low is not None and low == high: columns[name] = [low.decode()] * total
            else: columns[name] = column(data, chunk[3], total)
        rows = zip(*(map(float, columns[name]) for name in (b"step", b"time", b"value")))
        for key, same in itertools.groupby(columns[b"key"]):
            points.setdefault(key, []).extend(itertools.islice(rows, len(list(same))))

def pages(run, item, summaries=False):  # ---- Pages ---- By writer the items in an object with pages
    data, found, number = Cursor(read(f"runs/{run}/{item['name']}", int(item["size"]))), {}, 0
    writer = None
    check(data.take(8) == b"RLPAGES\1")
    while data.more():
        head = data.take(8)
        length, size = struct.unpack("<2I", head)
        check(size <= 32 << 20 and (not summaries or size <= 200 * length + (256 << 10)))
        check(crc32(head, crc32(f"{run}/{item['name']}/{number}".encode())) == data.integer())
        number += 1
        for row in parse(inflate(data.take(length), size), 32 << 20, 8_000_000):
            if not is_a(row, str): found[writer].append(row)
            else: writer, found[row] = row, [] if summaries else found.get(row, [])
    return found
