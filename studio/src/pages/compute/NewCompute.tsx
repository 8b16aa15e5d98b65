import { Button, Group, Modal, Radio, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { type FormEvent, lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { BUILT_IN, useComputes, useCreateCompute, type NewCompute as Wanted } from "@/api/computes";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { readDocument } from "@/lib/documents";
import { path, useWorkspace } from "@/lib/workspace";
import { ATTACHED, isAttachedType, TEMPLATES } from "@/pages/compute/attached";
import { ClusterFields, type ClusterSize, sizeKeys } from "@/pages/compute/ClusterFields";

const DocumentField = lazy(() => import("@/pages/compute/DocumentField"));

const KINDS: Wanted["type"][] = ["amlcompute", "computeinstance", ...ATTACHED];

/** Makes a cluster or an instance, or attaches a compute of others by its document, and opens its page. */
export function NewCompute() {
  const { t } = useTranslation(["compute", "common"]);
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={open}>
        {t("new")}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={t("new")}
        size="lg"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <Form onCancel={close} />
      </Modal>
    </>
  );
}

function Form({ onCancel }: { onCancel: () => void }) {
  const { t } = useTranslation(["compute", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const create = useCreateCompute(workspace);
  const [name, setName] = useState("");
  const [type, setType] = useState<Wanted["type"]>("amlcompute");
  const [size, setSize] = useState<ClusterSize>({ min: 0, max: 4, idle: "" });
  const [description, setDescription] = useState("");
  const [texts, setTexts] = useState(TEMPLATES);
  const [fault, setFault] = useState<Error>();
  const there = useComputes(workspace);
  const taken = [...BUILT_IN, ...(there.data ?? []).map((compute) => compute.name)];
  const isTaken = taken.includes(name.trim().toLowerCase());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isTaken) return;
    setFault(undefined);
    let keys: Record<string, unknown> = type === "amlcompute" ? sizeKeys(size) : {};
    try {
      if (isAttachedType(type)) keys = readDocument(texts[type], (reason) => t("unreadable", { reason }));
    } catch (error) {
      setFault(error as Error);
      return;
    }
    const words = description.trim() ? { description: description.trim() } : {};
    create.mutate(
      { ...keys, ...words, name: name.trim(), type },
      { onSuccess: (made) => void navigate(path(workspace, "compute", made.name)) },
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          data-autofocus
          required
          label={t("common:name")}
          description={t("nameHelp")}
          error={isTaken && t("taken")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Radio.Group label={t("kind.label")} value={type} onChange={(value) => setType(value as Wanted["type"])}>
          <Stack gap="xs" mt="xs">
            {KINDS.map((kind) => (
              <Radio key={kind} value={kind} label={t(`kind.${kind}`)} />
            ))}
          </Stack>
        </Radio.Group>
        {type === "amlcompute" && <ClusterFields size={size} onChange={setSize} />}
        {isAttachedType(type) && (
          <Suspense fallback={<Loading />}>
            <DocumentField
              key={type}
              text={texts[type]}
              onChange={(text) => setTexts((before) => ({ ...before, [type]: text }))}
            />
          </Suspense>
        )}
        <TextInput
          label={t("common:description")}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {(fault ?? create.error) && <ErrorBox error={fault ?? create.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onCancel}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" loading={create.isPending}>
            {t(isAttachedType(type) ? "attach" : "create")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
