"""open_metrics.py OPEN TEXT: the OpenMetrics page as the format's reference parser (Debian's
python3-prometheus-client) reads it: without an error, and with the samples of the other page."""
import sys

from prometheus_client.openmetrics.parser import text_fd_to_metric_families as of_open
from prometheus_client.parser import text_fd_to_metric_families as of_text

CHANGING = ("quickmode_serve_", "quickmode_provider_sample_age")


def samples(families):
    found = {}
    for family in families:
        for one in family.samples:
            if not one.name.startswith(CHANGING):
                found[one.name, tuple(sorted(one.labels.items()))] = float(one.value)
    return found


def main():
    with open(sys.argv[1], encoding="utf-8", newline="\n") as file:
        new = samples(of_open(file))
    with open(sys.argv[2], encoding="utf-8", newline="\n") as file:
        old = samples(of_text(file))
    wrong = [f"{k}: {old.get(k)} is {new.get(k)}" for k in sorted(old.keys() | new.keys())
             if k not in old or k not in new or old[k] != new[k]]
    print("\n".join(wrong[:20]) or f"{len(new)} samples are the same in both formats")
    sys.exit(1 if wrong or len(new) < 18 else 0)


main()
