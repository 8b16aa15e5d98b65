import { compactJson } from "@/lib/json";

export type Language = "curl" | "python" | "javascript";

export const LANGUAGES: { id: Language; name: string; file: string }[] = [
  { id: "curl", name: "curl", file: "ask.sh" },
  { id: "python", name: "Python", file: "ask.py" },
  { id: "javascript", name: "JavaScript", file: "ask.mjs" },
];

/** Writes a program that asks an endpoint; the key comes from a variable, so that no program holds it. */
export function snippet(language: Language, uri: string, request: unknown): string {
  if (language === "curl") return curl(uri, request);
  return language === "python" ? python(uri, request) : javascript(uri, request);
}

function curl(uri: string, request: unknown): string {
  const body = shellQuoted(compactJson(request));
  return [
    `curl ${shellQuoted(uri)} \\`,
    '  -H "Authorization: Bearer $LAPIS_ENDPOINT_KEY" \\',
    "  -H 'Content-Type: application/json' \\",
    `  -d ${body}`,
    "",
  ].join("\n");
}

function python(uri: string, request: unknown): string {
  return `import json
import os
import urllib.request

request = json.loads(${tripleQuoted(compactJson(request))})
headers = {
    "Authorization": f"Bearer {os.environ['LAPIS_ENDPOINT_KEY']}",
    "Content-Type": "application/json",
}
asked = urllib.request.Request(${JSON.stringify(uri)}, json.dumps(request).encode(), headers)
with urllib.request.urlopen(asked) as answer:
    print(json.loads(answer.read()))
`;
}

function javascript(uri: string, request: unknown): string {
  return `const answer = await fetch(${JSON.stringify(uri)}, {
  method: "POST",
  headers: {
    Authorization: \`Bearer \${process.env.LAPIS_ENDPOINT_KEY}\`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify(${compactJson(request, "  ")}),
});
console.log(answer.status, await answer.json());
`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function tripleQuoted(text: string): string {
  return `r'''${text.replaceAll("'", "\\u0027")}'''`;
}
