import {
  IconAlertTriangle,
  IconChevronDown,
  IconChevronRight,
  IconFile,
  IconFileText,
  IconFolder,
  IconNotebook,
  IconPhoto,
  IconTable,
  type TablerIcon,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Entry } from "@/api/files";
import classes from "@/components/files/files.module.css";
import { type FileKind, kindOf } from "@/components/files/kinds";
import type { TreeRow } from "@/components/files/tree";
import { formatBytes } from "@/lib/format";

const ICONS: Partial<Record<FileKind, TablerIcon>> = {
  image: IconPhoto,
  svg: IconPhoto,
  table: IconTable,
  notebook: IconNotebook,
  markdown: IconFileText,
  text: IconFileText,
};

interface Props {
  id: string;
  row: TreeRow;
  top: number;
  isActive: boolean;
  isSelected: boolean;
  onAct: () => void;
}

/** One line of a file tree, at its place. */
export function TreeLine({ id, row, top, isActive, isSelected, onAct }: Props) {
  const isEntry = row.kind === "entry";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree that holds it takes the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus, and says which line is meant
    <div
      id={id}
      role="treeitem"
      aria-level={row.level}
      aria-expanded={isEntry && row.entry.is_folder ? row.isOpen : undefined}
      aria-selected={isSelected}
      aria-setsize={isEntry ? row.count : undefined}
      aria-posinset={isEntry ? row.place : undefined}
      className={classes.line}
      data-active={isActive || undefined}
      style={{ transform: `translateY(${top}px)`, paddingInlineStart: 8 + (row.level - 1) * 16 }}
      onClick={onAct}
    >
      <Content row={row} />
    </div>
  );
}

const NOTES = { wait: "common:loading", none: "emptyFolder", more: "showMore" } as const;

function Content({ row }: { row: TreeRow }) {
  const { t } = useTranslation(["files", "common"]);
  if (row.kind === "entry") return <EntryContent entry={row.entry} isOpen={row.isOpen} />;
  if (row.kind !== "fault") return <span className={classes.note}>{t(NOTES[row.kind])}</span>;
  return (
    <span className={classes.note} title={String(row.error)}>
      <IconAlertTriangle size={14} aria-hidden /> {t("notListed")}
    </span>
  );
}

function EntryContent({ entry, isOpen }: { entry: Entry; isOpen: boolean }) {
  const { i18n } = useTranslation();
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  const Icon = entry.is_folder ? IconFolder : (ICONS[kindOf(entry.name)] ?? IconFile);
  return (
    <>
      {entry.is_folder ? <Chevron size={14} aria-hidden /> : <span style={{ width: 14, flexShrink: 0 }} />}
      <Icon size={16} aria-hidden style={{ flexShrink: 0 }} />
      <span className={classes.name} title={entry.name}>
        {entry.name}
      </span>
      {entry.size !== null && <span className={classes.size}>{formatBytes(entry.size, i18n.language)}</span>}
    </>
  );
}
