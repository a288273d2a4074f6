/** Which policies decided. */
import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { count, number, percent } from "../lib/format";
import classes from "./Analytics.module.css";
import { type Report, share } from "./figures";

export function PolicyUse({ report }: { report: Report }) {
  const { policies, total } = report;
  const runs = total.figures.decisions?.runs ?? 0;
  const most = Math.max(1, ...policies.map((policy) => policy.matches));
  return (
    <section className={classes.card} aria-label="Policies that decided">
      <h2 className={classes.title}>Policies that decided</h2>
      <p className={classes.answer}>
        {policies.length === 0
          ? "No policy decided in these days."
          : `${count(policies.length, "policy", "policies")} decided, the busiest ${percent(share(most, runs) ?? 0)} of the time.`}{" "}
        <Link to="/policies" className="anchor">
          All policies
        </Link>
      </p>
      {policies.length === 0 ? (
        <Text className={`${classes.chart} ${classes.none} quiet`}>
          {runs === 0
            ? "Nobody asked what to do next."
            : "Nothing matched, however often it was asked."}
        </Text>
      ) : (
        <ul className={classes.policies}>
          {policies.map((policy) => (
            <li key={policy.id} className={classes.policy}>
              <Link
                to="/policies/$policyId"
                params={{ policyId: policy.id }}
                className="anchor cut"
                title={policy.name}
              >
                {policy.name || policy.id}
              </Link>
              <svg
                className={classes.bar}
                viewBox="0 0 100 8"
                preserveAspectRatio="none"
                aria-hidden="true"
              >
                <rect width={(100 * policy.matches) / most} height="8" />
              </svg>
              <span className={`${classes.right} number`}>{number(policy.matches)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
