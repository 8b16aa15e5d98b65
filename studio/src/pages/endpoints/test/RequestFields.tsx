import { Checkbox, NumberInput, SimpleGrid, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Field, Values } from "@/pages/endpoints/test/form";

interface Props {
  fields: Field[];
  values: Values;
  onChange: (values: Values) => void;
}

/** One row of what a model takes: a control for each column, fit for its type. */
export function RequestFields({ fields, values, onChange }: Props) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 1, lg: 2 }} spacing="sm" verticalSpacing="xs">
      {fields.map((field) => (
        <FieldControl
          key={field.name}
          field={field}
          value={values[field.name]}
          onChange={(value) => onChange({ ...values, [field.name]: value })}
        />
      ))}
    </SimpleGrid>
  );
}

interface ControlProps {
  field: Field;
  value: unknown;
  onChange: (value: unknown) => void;
}

function FieldControl({ field, value, onChange }: ControlProps) {
  const { t } = useTranslation("endpoints");
  const kind = t(`test.kinds.${field.kind}`);
  const common = {
    label: field.name,
    description: field.isRequired ? `${kind} · ${t("test.required")}` : kind,
    size: "sm",
  };
  if (field.kind === "boolean") {
    return (
      <Checkbox
        {...common}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
        mt={6}
      />
    );
  }
  if (field.kind === "number" || field.kind === "integer") {
    return (
      <NumberInput
        {...common}
        value={typeof value === "number" || typeof value === "string" ? value : ""}
        onChange={onChange}
        allowDecimal={field.kind === "number"}
        hideControls
      />
    );
  }
  return (
    <TextInput
      {...common}
      value={value === null || value === undefined ? "" : String(value)}
      placeholder={field.kind === "date" ? "2026-01-31T12:00:00Z" : undefined}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
