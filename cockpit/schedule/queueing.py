"""What a ready leg waits for, in words: the limit, the slots of its profiles, or work in the same files. Pure."""

from collections.abc import Mapping

from cockpit.schedule.scopes import overlap
from cockpit.schedule.snapshot import Leg, Snapshot


def waits_in_line(snapshot: Snapshot, leg: Leg, busy: Mapping[str, Leg] | None = None) -> str:
    """Return what keeps a ready leg, that nothing else holds up, from being taken by an agent.

    `busy` are the snapshot's busy slots, for who asks about many legs.
    """
    if busy is None:
        busy = snapshot.busy_slots()
    limit = snapshot.max_agents()
    if len(busy) >= limit:
        return f"waits for its turn: {limit} of at most {limit} {'agent is' if limit == 1 else 'agents are'} at work"
    outline = snapshot.workstreams[leg.workstream].outline
    sizes = {profile.name: profile.slots for profile in snapshot.outline.profiles}
    names = [name for name in outline.agents if sizes.get(name)]
    full = [name for name in names if all(f"{name}#{number}" in busy for number in range(1, sizes[name] + 1))]
    if len(full) == len(names):
        return f"waits for a slot of {' or '.join(f'{name} ({sizes[name]} busy)' for name in full) or 'an agent'}"
    others = (snapshot.workstreams[one.workstream] for one in busy.values())
    near = next((one.id for one in others if outline.files and overlap(outline.files, one.outline.files)), "")
    return f"lets others begin first: it may write the files of {near}" if near else "is next"
