import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { AccessForm, type FormProps } from "@/components/access/AccessForm";

interface Props extends FormProps {
  title: string;
  isOpen: boolean;
}

/** The dialog in which a datastore or a connection is made or changed. */
export function AccessDialog({ title, isOpen, ...form }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={isOpen}
      onClose={form.onClose}
      title={title}
      size="lg"
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <AccessForm {...form} />
    </Modal>
  );
}
