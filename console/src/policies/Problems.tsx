/** What is wrong, beside what it is about, and mended by a click where the check knows how. */
import classes from "./Form.module.css";
import { type Problem, severityOf, told } from "./problems";

interface Props {
  problems: readonly Problem[];
  onMend?: (problem: Problem) => void;
}

export function Problems({ problems, onMend }: Props) {
  if (problems.length === 0) return null;
  return (
    <ul className={classes.problems}>
      {problems.map((problem) => (
        <li
          key={`${problem.path} ${problem.code} ${problem.span?.start}`}
          className={classes.problem}
          data-severity={severityOf(problem)}
        >
          {told(problem)}
          {problem.suggestion && onMend && (
            <button type="button" className={classes.mend} onClick={() => onMend(problem)}>
              Use it
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
