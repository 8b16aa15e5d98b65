import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { snippet } from "@/pages/endpoints/consume/snippets";

const request = { input_data: { columns: ["it's \"odd\" \\ $HOME `x` '''"], data: [["\n", null, true]] } };

it("writes requests that the shell passes on unchanged", () => {
  const program = snippet("curl", "http://h/ws/e/score", request).replace(/^curl/, "printf '%s\\n'");
  const words = execFileSync("sh", ["-c", program], { encoding: "utf8", env: { LAPIS_ENDPOINT_KEY: "k" } }).split("\n");
  expect(words[0]).toBe("http://h/ws/e/score");
  expect(words).toContain("Authorization: Bearer k");
  expect(JSON.parse(words.slice(words.indexOf("-d") + 1).join("\n"))).toEqual(request);
});

it("writes JavaScript that asks what is meant", async () => {
  const asked: [string, RequestInit][] = [];
  const program = snippet("javascript", "http://h/ws/e/score", request);
  const run = new Function("fetch", "process", "console", `return (async () => {${program}})()`);
  const answer = { status: 200, json: async () => 1 };
  const fetch = async (uri: string, init: RequestInit) => {
    asked.push([uri, init]);
    return answer;
  };
  await run(fetch, { env: { LAPIS_ENDPOINT_KEY: "k" } }, { log: () => {} });
  expect(asked[0]?.[0]).toBe("http://h/ws/e/score");
  expect(JSON.parse(String(asked[0]?.[1].body))).toEqual(request);
});

it("writes Python whose text of the request is the request", () => {
  const program = snippet("python", "http://h/ws/e/score", request);
  const text = /json\.loads\(r'''([\s\S]*?)'''\)/.exec(program)?.[1] ?? "";
  expect(JSON.parse(text)).toEqual(request);
});
