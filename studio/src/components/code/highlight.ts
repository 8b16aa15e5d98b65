import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { python } from "@codemirror/lang-python";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { tags } from "@lezer/highlight";

const LANGUAGES: Record<string, () => Extension> = {
  py: python,
  yml: yaml,
  yaml,
  json,
  jsonl: json,
  ipynb: json,
  md: markdown,
};

/** The colours of a file's language, by the ending of its name; none for those we do not know. */
export function languageOf(name: string): Extension {
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const base = name.slice(name.lastIndexOf("/") + 1);
  const make = base === "MLmodel" ? yaml : LANGUAGES[ending];
  return make ? make() : [];
}

/** Colours with a contrast of at least 4.5 : 1 on the editor's ground in both schemes. */
export const highlighting: Extension = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "light-dark(#8b1fa9, #d49be8)" },
    { tag: [tags.string, tags.special(tags.string)], color: "light-dark(#1a6b2f, #8fd19e)" },
    { tag: [tags.number, tags.bool, tags.null], color: "light-dark(#a03a00, #f2ac7a)" },
    { tag: [tags.comment], color: "light-dark(#5c6470, #a2abb8)", fontStyle: "italic" },
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "light-dark(#154994, #8dace8)" },
    { tag: [tags.function(tags.variableName), tags.className], color: "light-dark(#0b5c7a, #7fc4dd)" },
    { tag: [tags.heading, tags.strong], fontWeight: "600" },
    { tag: [tags.emphasis], fontStyle: "italic" },
    { tag: [tags.link, tags.url], color: "light-dark(#154994, #8dace8)" },
  ]),
);
