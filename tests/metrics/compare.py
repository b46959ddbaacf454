"""compare.py SNAPSHOT ANSWER: what an engine returned beside the JSON API's snapshot: the same
counters of the same adapters, each number the same, none more and none less."""
import json
import sys

BYTES = {
    "ConfidentialBytes": {"protocol": "esp", "mode": "all"},
    "AuthenticatedBytes": {"protocol": "ah", "mode": "all"},
    "TransportBytes": {"protocol": "all", "mode": "transport"},
    "TunnelBytes": {"protocol": "all", "mode": "tunnel"},
}
NAMES = {
    "ActiveSA": "active_sas",
    "PendingKeyOperations": "pending_key_operations",
    "KeyAdditions": "key_additions_total",
    "KeyDeletions": "key_deletions_total",
    "ReKeys": "rekeys_total",
    "ActiveTunnels": "active_tunnels",
    "BadSPIPackets": "bad_spi_packets_total",
    "PacketsNotDecrypted": "packets_not_decrypted_total",
    "PacketsNotAuthenticated": "packets_not_authenticated_total",
    "PacketsWithReplayDetection": "packets_with_replay_detection_total",
}
CLASSES = {
    "MSiSCSI_QMIPSECStats": ("quickmode_ipsec_", "adapter"),
    "Quickmode_HostIPSECStats": ("quickmode_host_", "host"),
}


def series(prefix, counter):
    """Name and labels of a property."""
    unattributed = counter.startswith("Unattributed")
    prefix += "unattributed_" if unattributed else ""
    counter = counter.removeprefix("Unattributed")
    # What is told apart later goes to an adapter: the rest is no counter.
    total = "" if unattributed else "_total"
    if unattributed and counter == "PacketsWithReplayDetection":
        return prefix + NAMES[counter].removesuffix("_total"), {}
    if counter in NAMES:
        return prefix + NAMES[counter], {}
    for cut, labels in BYTES.items():
        if counter.startswith(cut):
            return prefix + "bytes" + total, labels | {"direction": counter[len(cut):].lower()}
    return None


def key(name, labels):
    return name, tuple(sorted(labels.items()))


def expected(snapshot):
    numbers = {}
    for one in snapshot["classes"]:
        prefix, subject = CLASSES[one["class"]]
        for instance in one["instances"]:
            short = instance["name"].rsplit("\\", 1)[-1].removesuffix("_0")
            for counter, value in instance["properties"].items():
                found = series(prefix, counter)
                if found and value is not None:
                    numbers[key(found[0], found[1] | {subject: short})] = value
    return numbers


def returned(answer):
    numbers = {}
    for result in answer["data"]["result"]:
        labels = dict(result["metric"])
        name = labels.pop("__name__")
        for scraped in ("instance", "job", "driver"):
            labels.pop(scraped, None)
        if name.endswith(("_info", "_quality", "_active")):
            continue
        numbers[key(name, labels)] = result["value"][1]
    return numbers


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        want = expected(json.load(file))
    with open(sys.argv[2], encoding="utf-8") as file:
        have = returned(json.load(file))
    wrong = [f"{k}: {want.get(k)} is {have.get(k)}" for k in sorted(want.keys() | have.keys())
             if k not in want or k not in have or int(float(have[k])) != int(float(want[k]))]
    print("\n".join(wrong[:20]) or f"{len(want)} numbers are the same")
    sys.exit(1 if wrong or len(want) < 18 else 0)


main()
