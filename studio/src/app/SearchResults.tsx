import { Text } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Hit } from "@/api/overview";
import { NAVIGATION } from "@/app/nav";
import classes from "@/app/search.module.css";
import type { Target } from "@/app/search-targets";
import { StatusBadge } from "@/components/StatusBadge";

interface Props {
  id: string;
  targets: Target[];
  active: Target | undefined;
  onOpen: (target: Target) => void;
  onPoint: (index: number) => void;
}

/** What can be opened, in groups; the focus stays in the box where the words are typed. */
export function SearchResults({ id, targets, active, onOpen, onPoint }: Props) {
  const { t } = useTranslation("home");
  useEffect(() => {
    if (active) document.getElementById(active.id)?.scrollIntoView?.({ block: "nearest" });
  }, [active]);
  const nouns = [...new Set(targets.map(nounOf))];
  return (
    <div id={id} role="listbox" aria-label={t("search.results")} className={classes.list}>
      {nouns.map((noun) => (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is none within a listbox
        <div key={noun} role="group" aria-labelledby={`${id}-${noun}`}>
          <Text size="xs" fw={600} c="dimmed" px={8} pt={8} id={`${id}-${noun}`} role="presentation">
            {noun === "pages"
              ? t("search.pages")
              : t(`search.noun.${noun}` as "search.noun.jobs", { defaultValue: noun })}
          </Text>
          {targets.map((target, index) =>
            nounOf(target) === noun ? (
              // biome-ignore lint/a11y/useKeyWithClickEvents: keys are heard by the box that has the focus
              <div
                key={target.id}
                id={target.id}
                role="option"
                tabIndex={-1}
                aria-selected={target.id === active?.id}
                className={classes.option}
                onClick={() => onOpen(target)}
                onMouseMove={() => onPoint(index)}
              >
                {target.hit ? <HitWords hit={target.hit} /> : <PageWords target={target} />}
              </div>
            ) : null,
          )}
        </div>
      ))}
    </div>
  );
}

function nounOf(target: Target): string {
  return target.hit?.noun ?? "pages";
}

function PageWords({ target }: { target: Target }) {
  const { t } = useTranslation();
  const entry = NAVIGATION.flatMap((section) => section.entries).find(({ id }) => id === target.page);
  if (!entry) return null;
  const Icon = entry.icon;
  return (
    <>
      <Icon size={16} aria-hidden />
      <Text size="sm">{t(`nav.${entry.id}`)}</Text>
    </>
  );
}

function HitWords({ hit }: { hit: Hit }) {
  const { t } = useTranslation("home");
  const title = hit.title && hit.title !== hit.name ? hit.title : null;
  const isElsewhere = hit.field !== "name" && hit.field !== "title";
  const field = isElsewhere ? t(`search.field.${hit.field}` as "search.field.tag", { defaultValue: hit.field }) : null;
  return (
    <>
      <div className={classes.words}>
        <Text size="sm" className={classes.cut}>
          {title ?? hit.name}
          {hit.version && `:${hit.version}`}
        </Text>
        {(title || field) && (
          <Text size="xs" c="dimmed" className={classes.cut}>
            {[title ? hit.name : null, field ? `${field}: ${hit.text}` : null].filter(Boolean).join(" · ")}
          </Text>
        )}
      </div>
      {hit.status && <StatusBadge status={hit.status} />}
    </>
  );
}
