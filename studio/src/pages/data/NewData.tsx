import { Button, Group, Modal, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useCreateData } from "@/api/data";
import { ErrorBox } from "@/components/ErrorBox";
import { type Chosen, type UploadProgress, upload } from "@/lib/upload";
import { path, useWorkspace } from "@/lib/workspace";
import { AddressFields } from "@/pages/data/AddressFields";
import { UploadFields } from "@/pages/data/UploadFields";

/** Makes a version of data, of files that are uploaded or of content that lies somewhere, and opens its page. */
export function NewData() {
  const { t } = useTranslation(["data", "common"]);
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={open}>
        {t("new.open")}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={t("new.open")}
        size="lg"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <Form onCancel={close} />
      </Modal>
    </>
  );
}

function Form({ onCancel }: { onCancel: () => void }) {
  const { t } = useTranslation(["data", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const create = useCreateData(workspace);
  const [how, setHow] = useState("upload");
  const [name, setName] = useState("");
  const [version, setVersion] = useState("");
  const [chosen, setChosen] = useState<Chosen>({ files: [], basename: "" });
  const [address, setAddress] = useState({ path: "", type: "uri_file" });
  const [progress, setProgress] = useState<UploadProgress | null>(null);
  const stop = useStop();
  const work = useMutation({
    mutationFn: async () => {
      const content = how === "upload" ? await sent(workspace, chosen, setProgress, stop()) : address;
      const given = { name: name.trim(), ...content, ...(version.trim() ? { version: version.trim() } : {}) };
      return create.mutateAsync(given);
    },
    onSuccess: (made) => void navigate(path(workspace, "data", made.name, made.version)),
    onSettled: () => setProgress(null),
  });
  const isReady = name.trim() !== "" && (how === "upload" ? chosen.files.length > 0 : address.path.trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <SegmentedControl
          aria-label={t("new.how")}
          value={how}
          onChange={setHow}
          data={[
            { value: "upload", label: t("new.upload") },
            { value: "uri", label: t("new.uri") },
          ]}
        />
        {how === "upload" ? (
          <UploadFields chosen={chosen} onChoose={setChosen} progress={progress} />
        ) : (
          <AddressFields address={address} onChange={setAddress} />
        )}
        <Group grow align="start">
          <TextInput
            required
            label={t("common:name")}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label={t("new.version")}
            description={t("new.versionHelp")}
            inputWrapperOrder={["label", "input", "description"]}
            value={version}
            onChange={(event) => setVersion(event.currentTarget.value)}
          />
        </Group>
        {work.error && <ErrorBox error={work.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onCancel}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" disabled={!isReady} loading={work.isPending}>
            {t("new.create")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Gives a signal for each try; it ends the try when the dialog closes. */
function useStop(): () => AbortSignal {
  const current = useRef(new AbortController());
  useEffect(() => () => current.current.abort(), []);
  return () => {
    current.current = new AbortController();
    return current.current.signal;
  };
}

async function sent(
  workspace: string,
  chosen: Chosen,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
) {
  const uri = await upload(workspace, { ...chosen, purpose: "data", onProgress, signal });
  signal.throwIfAborted();
  const names = chosen.files.map((file) => file.path);
  const isFile = names.length === 1 && names[0] === chosen.basename;
  const type = isFile ? "uri_file" : names.includes("MLTable") ? "mltable" : "uri_folder";
  return { path: uri, type };
}
