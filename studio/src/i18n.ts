import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "@/locales/en";

export type Language = "en" | "ja";

export const LANGUAGES: { code: Language; name: string }[] = [
  { code: "en", name: "English" },
  { code: "ja", name: "日本語" },
];

const KEPT = "lapis-language";

/** The language that the person chose, else the browser's first that we speak, else English. */
export function preferredLanguage(): Language {
  const kept = localStorage.getItem(KEPT);
  const wanted = kept ? [kept] : navigator.languages;
  const found = wanted.map((tag) => tag.slice(0, 2)).find((tag) => tag === "en" || tag === "ja");
  return (found as Language | undefined) ?? "en";
}

/** Loads the texts of the preferred language; English is always there to fall back on. */
export async function startTranslations(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en },
    defaultNS: "common",
    interpolation: { escapeValue: false },
    returnNull: false,
    saveMissing: true, // tells of keys, put together from data, that no text was written for
    missingKeyHandler: (_languages, namespace, key, _fallback, _update, options: { defaultValue?: unknown }) => {
      if (options.defaultValue === undefined) console.error(`There is no text for ${namespace}:${key}`);
    },
  });
  const language = preferredLanguage();
  if (language !== "en") await changeLanguage(language, false);
}

/** Switches the page to a language, and keeps the choice unless `keep` is false. */
export async function changeLanguage(language: Language, keep = true): Promise<void> {
  if (language === "ja" && !i18next.hasResourceBundle("ja", "common")) {
    const { ja } = await import("@/locales/ja");
    for (const [namespace, texts] of Object.entries(ja)) i18next.addResourceBundle("ja", namespace, texts);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  if (keep) localStorage.setItem(KEPT, language);
}
