import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useKeepView, useViews } from "@/api/runs";
import { ErrorBox } from "@/components/ErrorBox";
import { useWorkspace } from "@/lib/workspace";
import type { TableState } from "@/pages/jobs/list/state";

/** The views that the person keeps: they follow the person to every browser. */
export function SavedViews({ state }: { state: TableState }) {
  const { t } = useTranslation("jobs");
  const workspace = useWorkspace();
  const views = useViews(workspace);
  const [isNaming, naming] = useDisclosure();
  const [isSorting, sorting] = useDisclosure();
  const kept = views.data ?? [];
  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <Button variant="default" size="xs" leftSection={<IconBookmark size={14} aria-hidden />}>
            {t("views")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {kept.map((view) => (
            <Menu.Item key={view.name} onClick={() => state.show(String(view.state.search ?? ""))}>
              {view.name}
            </Menu.Item>
          ))}
          {kept.length > 0 && <Menu.Divider />}
          <Menu.Item onClick={naming.open} disabled={state.search === ""}>
            {t("saveView")}
          </Menu.Item>
          {kept.length > 0 && <Menu.Item onClick={sorting.open}>{t("manageViews")}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      <NameView isOpen={isNaming} onClose={naming.close} search={state.search} />
      <ManageViews isOpen={isSorting} onClose={sorting.close} names={kept.map(({ name }) => name)} />
    </>
  );
}

function NameView({ isOpen, onClose, search }: { isOpen: boolean; onClose: () => void; search: string }) {
  const { t } = useTranslation(["jobs", "common"]);
  const [name, setName] = useState("");
  const keep = useKeepView(useWorkspace());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    keep.mutate({ name: name.trim(), search }, { onSuccess: onClose });
  };
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={t("saveView")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label={t("common:name")}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={100}
            required
            data-autofocus
          />
          {keep.error && <ErrorBox error={keep.error} />}
          <Group justify="end">
            <Button type="submit" loading={keep.isPending}>
              {t("common:save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function ManageViews({ isOpen, onClose, names }: { isOpen: boolean; onClose: () => void; names: string[] }) {
  const { t } = useTranslation(["jobs", "common"]);
  const keep = useKeepView(useWorkspace());
  return (
    <Modal opened={isOpen} onClose={onClose} title={t("views")} closeButtonProps={{ "aria-label": t("common:close") }}>
      <Stack gap="xs">
        {keep.error && <ErrorBox error={keep.error} />}
        {names.map((name) => (
          <Group key={name} justify="space-between" wrap="nowrap">
            <Text size="sm" truncate>
              {name}
            </Text>
            <ActionIcon
              variant="subtle"
              color="red"
              aria-label={t("removeView", { name })}
              onClick={() => keep.mutate({ name, search: null })}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
      </Stack>
    </Modal>
  );
}
