import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { childText, escapeXml, parseXml } from "../../../src/backends/s3/xml.ts";
import { processorMs } from "../../processor-time.ts";

describe("parseXml", () => {
  test("reads a flat document with a prolog, attributes, comments and empty elements", () => {
    const root = parseXml(
      '\ufeff<?xml version="1.0"?>\n<!-- x --><A xmlns="u:v" b=\'c\'>\n ' +
        "<K>v&amp;&lt;&#228;&#xE4;&apos;</K><E/><F></F> </A>\n",
      ["A"],
    );
    expect(root?.children.map(({ name, text }) => [name, text])).toEqual([
      ["K", "v&<ää'"],
      ["E", ""],
      ["F", ""],
    ]);
    expect(root && childText(root, "none")).toBeUndefined();
  });

  test.each([
    ["nothing", ""],
    ["another root", "<B></B>"],
    ["no end", "<A><K>v</K>"],
    ["half an end tag", "<A><K>v</K></A"],
    ["a wrong end", "<A><K>v</L></A>"],
    ["two roots", "<A></A><A></A>"],
    ["text after the end", "<A></A>x"],
    ["text only", "It works"],
    ["a document type", '<!DOCTYPE A [<!ENTITY x "y">]><A></A>'],
    ["CDATA", "<A><![CDATA[x]]></A>"],
    ["an unknown entity", "<A>&x;</A>"],
    ["a bare ampersand", "<A>a & b</A>"],
    ["a character that is none", "<A>&#x110000;</A>"],
    ["great depth", `<A>${"<a>".repeat(50)}${"</a>".repeat(50)}</A>`],
    ["a web page", "<html><body><p>x<br></body></html>"],
  ])("refuses %s", (_, text) => {
    expect(parseXml(text, ["A"])).toBeUndefined();
  });

  test("no truncated document is accepted", () => {
    const whole = "<A><K>one</K><K>two</K></A>";
    for (let end = 0; end < whole.length; end++) expect(parseXml(whole.slice(0, end), ["A"])).toBeUndefined();
  });

  test("never throws and never takes long", async () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("<", ">", "/", "A", "&", ";", "#", "!--", "-->", "?", " ", '"', "x")),
        (parts) => {
          parseXml(parts.join(""), ["A"]);
        },
      ),
    );
    const took = await processorMs(() => {
      for (const part of ["<A ", "<!--", "<A>", "&amp;", "<?", "< "]) parseXml(part.repeat(50_000), ["A"]);
    });
    expect(took).toBeLessThan(3000);
  });

  test("escaped text is read back unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(parseXml(`<A>${escapeXml(text)}</A>`, ["A"])?.text).toBe(text);
      }),
    );
  });
});
