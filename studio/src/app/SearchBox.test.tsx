import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { SearchBox } from "@/app/SearchBox";
import { changeLanguage } from "@/i18n";
import { renderPage } from "@/lib/render";

afterEach(async () => {
  vi.unstubAllGlobals();
  await changeLanguage("en", false);
});

function answer(value: unknown[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (address: string) => {
    asked.push(address);
    return new Response(JSON.stringify({ value, next: null }));
  });
  return asked;
}

const hit = { noun: "models", name: "tumours", field: "tag", text: "team: blue", at: null, version: "2" };

it("finds by tag and opens with the keyboard alone", async () => {
  const asked = answer([{ noun: "models", value: [hit] }]);
  const onLeave = vi.fn();
  renderPage(<SearchBox onLeave={onLeave} />);
  const box = screen.getByRole("combobox");
  await userEvent.type(box, "blue");
  const option = await screen.findByRole("option", { name: /tumours:2/ });
  expect(option.textContent).toContain("Tag: team: blue");
  expect(box.getAttribute("aria-activedescendant")).toBe(option.id);
  await userEvent.keyboard("{Enter}");
  expect(onLeave).toHaveBeenCalledOnce();
  expect(asked.at(-1)).toBe("/api/v1/workspaces/default/search?q=blue");
});

it("goes round with the arrow keys, through pages and findings", async () => {
  answer([{ noun: "models", value: [hit] }]);
  renderPage(<SearchBox onLeave={() => {}} />);
  const box = screen.getByRole("combobox");
  await userEvent.type(box, "mod");
  await screen.findByRole("option", { name: /tumours/ });
  expect(box.getAttribute("aria-activedescendant")).toBe("page-models");
  await userEvent.keyboard("{ArrowUp}");
  expect(box.getAttribute("aria-activedescendant")).toBe("hit-models-tumours");
  await userEvent.keyboard("{ArrowDown}");
  expect(box.getAttribute("aria-activedescendant")).toBe("page-models");
});

it("finds pages by their English name in Japanese too, and says when nothing is there", async () => {
  answer([]);
  await changeLanguage("ja", false);
  renderPage(<SearchBox onLeave={() => {}} />);
  await userEvent.type(screen.getByRole("combobox"), "compute");
  expect(screen.getByRole("option", { name: "コンピューティング" })).toBeTruthy();
  await userEvent.type(screen.getByRole("combobox"), "zzz");
  expect(await screen.findByText(/見つかりませんでした/)).toBeTruthy();
});
