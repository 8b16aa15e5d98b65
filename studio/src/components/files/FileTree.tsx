import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import classes from "@/components/files/files.module.css";
import { TreeLine } from "@/components/files/TreeLine";
import { type TreeRow, treeMove } from "@/components/files/tree";
import type { Tree } from "@/components/files/useTree";

const ROW_HEIGHT = 30;

interface Props {
  label: string;
  tree: Tree;
  selected: string;
  onSelect: (path: string) => void;
}

/** Folders and files, opened as they are needed; arrows, Home, End, Enter and letters as in any tree. */
export function FileTree({ label, tree, selected, onSelect }: Props) {
  const { rows } = tree;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [wanted, setWanted] = useState(-1);
  const chosen = rows.findIndex((row) => row.kind === "entry" && row.path === selected);
  const active = Math.min(wanted >= 0 ? wanted : Math.max(0, chosen), rows.length - 1);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    initialRect: { width: 320, height: 480 },
  });
  const go = (to: number) => {
    setWanted(to);
    virtual.scrollToIndex(to);
  };
  const act = (row: TreeRow | undefined, index: number) => {
    setWanted(index);
    if (row?.kind === "more") tree.showMore(row.path);
    else if (row?.kind === "fault") tree.retry(row.path);
    else if (row?.kind === "entry") {
      if (row.entry.is_folder) tree.toggle(row.path);
      onSelect(row.path);
    }
  };
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") act(rows[active], active);
    else {
      const move = treeMove(event.key, rows, active);
      if (move === null) return;
      if ("to" in move) go(move.to);
      else tree.toggle(move.toggle);
    }
    event.preventDefault();
  };
  return (
    <div
      ref={box}
      role="tree"
      aria-label={label}
      aria-activedescendant={rows.length > 0 ? `${id}${active}` : undefined}
      tabIndex={0}
      className={classes.tree}
      onKeyDown={press}
    >
      <div role="none" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map(({ index, start }) => (
          <TreeLine
            key={lineKey(rows[index])}
            id={`${id}${index}`}
            row={rows[index] as TreeRow}
            top={start}
            isActive={index === active}
            isSelected={index === chosen}
            onAct={() => act(rows[index], index)}
          />
        ))}
      </div>
    </div>
  );
}

function lineKey(row: TreeRow | undefined): string {
  return row ? `${row.kind} ${row.path}` : "";
}
