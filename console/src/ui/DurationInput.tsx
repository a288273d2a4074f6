/** A length of time as a number and its unit; empty means that something else decides. */
import { NativeSelect, NumberInput } from "@mantine/core";
import { useState } from "react";

const UNITS = [
  { unit: "days", seconds: 86_400 },
  { unit: "hours", seconds: 3_600 },
  { unit: "minutes", seconds: 60 },
  { unit: "seconds", seconds: 1 },
] as const;
type Unit = (typeof UNITS)[number];

const SECONDS: Unit = UNITS[3];

interface Props {
  label: string;
  description?: string;
  placeholder?: string;
  error?: string | undefined;
  seconds: number | null;
  disabled: boolean;
  onChange: (seconds: number | null) => void;
}

/** Returns the largest unit of which a length of time is a whole number. */
export function unitOf(seconds: number | null): Unit {
  if (seconds === null || seconds === 0) return SECONDS;
  return UNITS.find((one) => seconds % one.seconds === 0) ?? SECONDS;
}

export function DurationInput(props: Props) {
  const { label, description, placeholder, error, seconds, disabled, onChange } = props;
  const [chosen, setChosen] = useState<Unit>();
  const unit = chosen ?? unitOf(seconds);
  return (
    <NumberInput
      label={label}
      description={description}
      placeholder={placeholder}
      error={error}
      allowNegative={false}
      min={0}
      hideControls
      disabled={disabled}
      value={seconds === null ? "" : seconds / unit.seconds}
      onChange={(value) => {
        // The unit stays while one types: 60 seconds do not become a minute under the fingers.
        setChosen(unit);
        onChange(value === "" ? null : Math.round(Number(value) * unit.seconds));
      }}
      rightSectionWidth={104}
      rightSection={
        <NativeSelect
          variant="unstyled"
          w="100%"
          rightSectionWidth={24}
          aria-label={`${label}: unit`}
          data={UNITS.map((one) => one.unit)}
          value={unit.unit}
          disabled={disabled}
          onChange={(event) => {
            const next = UNITS.find((one) => one.unit === event.currentTarget.value) ?? unit;
            setChosen(next);
            if (seconds !== null) onChange((seconds / unit.seconds) * next.seconds);
          }}
        />
      }
    />
  );
}
