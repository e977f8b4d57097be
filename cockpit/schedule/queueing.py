"""What a ready leg waits for, in words: the limit, the slots of its profiles, or work in the same files. Pure."""

import time
from collections.abc import Mapping

from cockpit.schedule.scopes import overlap
from cockpit.schedule.snapshot import Leg, Snapshot


def waits_in_line(snapshot: Snapshot, leg: Leg, busy: Mapping[str, Leg] | None = None) -> str:
    """Return what keeps a ready leg, that nothing else holds up, from being taken by an agent.

    `busy` are the snapshot's busy slots, for who asks about many legs.
    """
    if busy is None:
        busy = snapshot.busy_slots()
    if spent := snapshot.over_cost():
        return spent
    limit = snapshot.max_agents()
    if len(busy) >= limit:
        return f"waits for its turn: {limit} of at most {limit} {'agent is' if limit == 1 else 'agents are'} at work"
    outline = snapshot.workstreams[leg.workstream].outline
    sizes = snapshot.sizes()
    sleepers = snapshot.sleepers(snapshot.at)
    if outline.agents and all(name in sleepers for name in outline.agents):
        until = min(sleepers[name].until for name in outline.agents)
        shown = time.strftime("%H:%M", time.localtime(until))
        return f"waits for {' or '.join(outline.agents)}, asleep until {shown}: {sleepers[outline.agents[0]].reason}"
    if outline.agents and all(name in snapshot.draining or name in sleepers for name in outline.agents):
        return f"waits for {' or '.join(outline.agents)}, which takes nothing new (drain)"
    resting = sleepers.keys() | snapshot.draining
    names = [name for name in outline.agents if sizes.get(name) and name not in resting]
    full = [name for name in names if all(f"{name}#{number}" in busy for number in range(1, sizes[name] + 1))]
    if len(full) == len(names):
        return f"waits for a slot of {' or '.join(f'{name} ({sizes[name]} busy)' for name in full) or 'an agent'}"
    others = (snapshot.workstreams[one.workstream] for one in busy.values())
    near = next((one.id for one in others if outline.files and overlap(outline.files, one.outline.files)), "")
    return f"lets others begin first: it may write the files of {near}" if near else "is next"
