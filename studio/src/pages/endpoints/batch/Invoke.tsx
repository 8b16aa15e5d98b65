import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type BatchEndpoint, type Invocation, useBatchDeployments, useInvoke } from "@/api/batch";
import { CodeEditor } from "@/components/code/CodeEditor";
import { ErrorBox } from "@/components/ErrorBox";
import { path, useWorkspace } from "@/lib/workspace";
import { defaultOf } from "@/pages/endpoints/batch/BatchList";
import { type Asked, invocationOf, NOTHING } from "@/pages/endpoints/batch/invocation";

/** Starts a job of a batch endpoint from a form, and goes to the job. */
export function Invoke({ endpoint }: { endpoint: BatchEndpoint }) {
  const { t } = useTranslation(["batch", "common"]);
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button size="xs" leftSection={<IconPlayerPlay size={14} aria-hidden />} onClick={open}>
        {t("invoke")}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={t("invoke")}
        size="lg"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <Form endpoint={endpoint} onClose={close} />
      </Modal>
    </>
  );
}

function Form({ endpoint, onClose }: { endpoint: BatchEndpoint; onClose: () => void }) {
  const { t } = useTranslation(["batch", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const invoke = useInvoke(workspace, endpoint.name);
  const [asked, setAsked] = useState(NOTHING);
  const start = useMutation({
    mutationFn: () => invoke.mutateAsync(read(asked, (reason) => t("unreadable", { reason }), t("noInput"))),
    onSuccess: (job) => void navigate(path(workspace, "jobs", job.name)),
  });
  return (
    <Stack gap="sm">
      <Fields endpoint={endpoint} asked={asked} onChange={setAsked} />
      {start.error && <ErrorBox error={start.error} />}
      <Group justify="end">
        <Button variant="default" onClick={onClose}>
          {t("common:cancel")}
        </Button>
        <Button loading={start.isPending} onClick={() => start.mutate()}>
          {t("invoke")}
        </Button>
      </Group>
    </Stack>
  );
}

interface FieldsProps {
  endpoint: BatchEndpoint;
  asked: Asked;
  onChange: (asked: Asked) => void;
}

function Fields({ endpoint, asked, onChange }: FieldsProps) {
  const { t } = useTranslation("batch");
  const deployments = useBatchDeployments(useWorkspace(), endpoint.name);
  const names = (deployments.data ?? []).map(({ name }) => name);
  const none = { value: "", label: t("defaultOf", { name: defaultOf(endpoint) || "—" }) };
  const types = [
    { value: "uri_folder", label: t("folder") },
    { value: "uri_file", label: t("file") },
    { value: "mltable", label: t("table") },
  ];
  return (
    <>
      <NativeSelect
        label={t("deployment")}
        data={[none, ...names.map((name) => ({ value: name, label: name }))]}
        value={asked.deployment}
        onChange={(event) => onChange({ ...asked, deployment: event.currentTarget.value })}
      />
      <NativeSelect
        label={t("inputType")}
        data={types}
        value={asked.type}
        onChange={(event) => onChange({ ...asked, type: event.currentTarget.value })}
      />
      <TextInput
        label={t("inputPath")}
        description={t("inputHelp")}
        value={asked.path}
        onChange={(event) => onChange({ ...asked, path: event.currentTarget.value })}
        data-autofocus
      />
      <TextInput
        label={t("experiment")}
        placeholder={endpoint.name}
        value={asked.experiment}
        onChange={(event) => onChange({ ...asked, experiment: event.currentTarget.value })}
      />
      <div>
        <Text size="sm" fw={500}>
          {t("more")}
        </Text>
        <Text size="xs" c="dimmed" mb={4}>
          {t("moreHelp")}
        </Text>
        <CodeEditor
          value=""
          name="more.yml"
          label={t("more")}
          onChange={(more) => onChange({ ...asked, more })}
          height="110px"
        />
      </div>
    </>
  );
}

function read(asked: Asked, complain: (reason: string) => string, noInput: string): Invocation {
  let made: Invocation;
  try {
    made = invocationOf(asked);
  } catch (error) {
    throw new Error(complain((error as Error).message), { cause: error });
  }
  if (Object.keys(made.inputs).length === 0) throw new Error(noInput);
  return made;
}
