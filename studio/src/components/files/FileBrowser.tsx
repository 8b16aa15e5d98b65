import { Button, Group } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { contentAddress, type Entry, type FileSource } from "@/api/files";
import { FileTree } from "@/components/files/FileTree";
import classes from "@/components/files/files.module.css";
import { Preview } from "@/components/files/Preview";
import { findEntry, folderOf } from "@/components/files/tree";
import { useTree } from "@/components/files/useTree";
import { useAddressState } from "@/lib/address-state";

interface Props {
  source: FileSource;
  /** What the tree holds, for those who hear the page. */
  label: string;
  /** The parameter of the address that holds the chosen path. */
  name?: string;
  /** The path that is shown when the address says none. */
  initial?: string;
  /** A file that is shown at first if it lies at the top. */
  suggested?: string;
}

/** A tree of files and, beside or below it, the chosen one. */
export function FileBrowser({ source, label, name = "file", initial = "", suggested }: Props) {
  const { t } = useTranslation("files");
  const [asked, choose] = useAddressState(name, initial);
  const tree = useTree(source, asked);
  const chosen = asked || firstLook(tree.listings.get("")?.entries ?? [], suggested);
  const file = chosen ? findEntry(tree.listings, chosen) : null;
  const isListed = tree.listings.get(folderOf(chosen))?.entries != null;
  return (
    <div className={classes.browser}>
      <div className={classes.panes}>
        <div>
          <FileTree label={label} tree={tree} selected={chosen} onSelect={choose} />
          <Group mt="xs">
            <Button
              component="a"
              href={contentAddress(source, "archive", "")}
              download
              size="compact-xs"
              variant="subtle"
              leftSection={<IconDownload size={14} aria-hidden />}
            >
              {t("downloadAll")}
            </Button>
          </Group>
        </div>
        <Preview source={source} file={file} isGone={chosen !== "" && isListed && file === null} />
      </div>
    </div>
  );
}

/** What is shown before anybody chose: the suggested file, or the one that is all there is. */
function firstLook(entries: Entry[], suggested: string | undefined): string {
  const files = entries.filter((entry) => !entry.is_folder);
  const only = entries.length === 1 ? files[0] : undefined;
  return (files.find(({ name }) => name === suggested) ?? only)?.name ?? "";
}
