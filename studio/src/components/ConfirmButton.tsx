import { Button, type ButtonProps, Group, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ErrorBox } from "@/components/ErrorBox";

interface Props extends ButtonProps {
  label: string;
  /** What will happen, in a sentence. */
  question: ReactNode;
  act: () => Promise<unknown>;
  /** Nothing is lost by it: it is not shown as a danger. */
  isHarmless?: boolean;
}

/** A button whose act is confirmed first, and whose refusal is shown. */
export function ConfirmButton({ label, question, act, isHarmless = false, ...button }: Props) {
  const { t } = useTranslation();
  const [isOpen, { open, close }] = useDisclosure();
  const work = useMutation({ mutationFn: act, onSuccess: close });
  return (
    <>
      <Button variant="default" size="xs" {...button} onClick={open}>
        {label}
      </Button>
      <Modal opened={isOpen} onClose={close} title={label} closeButtonProps={{ "aria-label": t("close") }}>
        <Stack>
          {question && <Text size="sm">{question}</Text>}
          {work.error && <ErrorBox error={work.error} />}
          <Group justify="end">
            <Button variant="default" onClick={close}>
              {t("cancel")}
            </Button>
            <Button
              color={isHarmless ? undefined : "red"}
              loading={work.isPending}
              onClick={() => work.mutate()}
              data-autofocus
            >
              {label}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
