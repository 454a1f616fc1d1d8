/** An element of the flat documents that S3 sends, without attributes. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Character data with entities resolved. Empty if there are children. */
  readonly text: string;
}

const TOKEN = /<(?:\?[^>]*\?|!--[\s\S]*?--)>|<(\/?)([A-Za-z][\w.:-]*)(?:\s[^<>]*?)?(\/?)>|([^<]+)/y;
const MAX_DEPTH = 6;

/**
 * Parses a whole document. Returns `undefined` if it is not well-formed, is truncated, is nested deeper than S3's
 * documents, or has a root that is not one of `roots`. Refuses document types and CDATA, which S3 never sends.
 */
export function parseXml(text: string, roots: readonly string[]): XmlElement | undefined {
  const top: Open = { name: "", children: [], text: "" };
  const stack: Open[] = [top];
  TOKEN.lastIndex = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text);
    if (token === null) return undefined;
    const [, slash, name, selfClosing, data] = token;
    const open = stack[stack.length - 1] as Open;
    if (data !== undefined) {
      const plain = resolveEntities(data);
      if (plain === undefined || (open === top && plain.trim() !== "")) return undefined;
      open.text += plain;
    } else if (slash === "/") {
      if (open === top || open.name !== name) return undefined;
      if (open.children.length > 0) open.text = "";
      stack.pop();
    } else if (name !== undefined) {
      if (stack.length > MAX_DEPTH || (open === top && open.children.length > 0)) return undefined;
      const element: Open = { name, children: [], text: "" };
      open.children.push(element);
      if (selfClosing !== "/") stack.push(element);
    }
  }
  const root = top.children[0];
  return stack.length === 1 && root !== undefined && roots.includes(root.name) ? root : undefined;
}

interface Open {
  readonly name: string;
  readonly children: Open[];
  text: string;
}

/** Returns the text of the first child of that name. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

/** Returns the text with the characters escaped that have a meaning in XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function resolveEntities(data: string): string | undefined {
  if (!data.includes("&")) return data;
  let bad = false;
  const plain = data.replace(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]{2,4}));|&/g, (_, decimal, hex, name) => {
    const point = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined;
    if (point !== undefined && point <= 0x10ffff) return String.fromCodePoint(point);
    const char = name === undefined ? undefined : NAMED[name];
    if (char === undefined) bad = true;
    return char ?? "";
  });
  return bad ? undefined : plain;
}
