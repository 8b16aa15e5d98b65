import { ActionIcon, Button, Kbd, Modal } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { SearchBox } from "@/app/SearchBox";

/** Opens the search over everything: a button in the header, `/`, and Ctrl-K or Cmd-K from anywhere. */
export function Search() {
  const { t } = useTranslation("home");
  const [isOpen, { open, close }] = useDisclosure();
  useHotkeys([["/", open]]);
  useHotkeys([["mod+K", open]], [], true);
  return (
    <>
      <Button
        variant="default"
        size="xs"
        visibleFrom="sm"
        onClick={open}
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={<Kbd size="xs">/</Kbd>}
        aria-keyshortcuts="/ Control+K"
        aria-label={t("search.open")}
      >
        {t("search.open")}
      </Button>
      <ActionIcon variant="subtle" color="gray" size="lg" hiddenFrom="sm" onClick={open} aria-label={t("search.open")}>
        <IconSearch size={18} aria-hidden />
      </ActionIcon>
      <Modal
        opened={isOpen}
        onClose={close}
        withCloseButton={false}
        size="lg"
        padding="sm"
        yOffset="10vh"
        transitionProps={{ duration: 0 }}
        title={null}
        attributes={{ content: { "aria-label": t("search.label") } }}
      >
        <SearchBox onLeave={close} />
      </Modal>
    </>
  );
}
