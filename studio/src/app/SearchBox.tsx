import { Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useSearch } from "@/api/overview";
import type { NavId } from "@/app/nav";
import { SearchResults } from "@/app/SearchResults";
import { pagesNamed, type Target, targetsOf } from "@/app/search-targets";
import { ErrorBox } from "@/components/ErrorBox";
import { useWorkspace } from "@/lib/workspace";

const LIST = "search-results";

/** The search: words, and what they find, chosen with the arrow keys. */
export function SearchBox({ onLeave }: { onLeave: () => void }) {
  const { t, i18n } = useTranslation(["home", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [words, setWords] = useState("");
  const [wanted, setWanted] = useState(0);
  const [asked] = useDebouncedValue(words, 100);
  const search = useSearch(workspace, asked);
  const names = (id: NavId) => [t(`common:nav.${id}`), i18n.getFixedT("en", "common")(`nav.${id}`)];
  const groups = words.trim() === "" ? [] : (search.data ?? []);
  const pages = pagesNamed(words, names);
  const targets = targetsOf(workspace, pages, groups);
  const active = targets[Math.min(wanted, targets.length - 1)];
  const open = (target: Target | undefined) => {
    if (!target) return;
    onLeave();
    void navigate(target.to);
  };
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") open(active);
    else if (step) setWanted((at) => (Math.min(at, targets.length - 1) + step + targets.length) % targets.length);
    else return;
    event.preventDefault();
  };
  const isDone = words.trim() !== "" && asked === words && !search.isFetching;
  return (
    <>
      <TextInput
        data-autofocus
        size="md"
        role="combobox"
        aria-label={t("search.label")}
        aria-expanded={targets.length > 0}
        aria-controls={LIST}
        aria-autocomplete="list"
        aria-activedescendant={active?.id}
        placeholder={t("search.placeholder")}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          setWanted(0);
        }}
        onKeyDown={press}
      />
      {search.error && <ErrorBox error={search.error} />}
      <SearchResults id={LIST} targets={targets} active={active} onOpen={open} onPoint={setWanted} />
      <Text size="xs" c="dimmed" role="status" mt="xs">
        {isDone && targets.length === 0
          ? t("search.nothing", { words })
          : `${t("search.count", { count: targets.length })} · ${t("search.hint")}`}
      </Text>
    </>
  );
}
