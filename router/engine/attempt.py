"""One call to one provider, from permit to commit point."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, cast

import msgspec

from router.contract import (
    Attempt,
    AvatarLimits,
    BadOutput,
    Clip,
    JobOffer,
    Next,
    OutcomeUnknown,
    ProviderFailed,
    Reply,
    Request,
    RequestRejected,
    Result,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Ticket,
    TimedOut,
    Transcript,
    TranscriptionLimits,
    TranscriptionRequest,
)
from router.contract.trace import CALLING, Trace
from router.engine.billing import Bill, film_seconds, refused
from router.engine.breaker import Verdict
from router.engine.delivery import Delivery, Limits
from router.engine.entire import entire
from router.engine.errand import Errand
from router.engine.first_sentence import FirstSentence
from router.engine.gate import clip_judge, open_gate, reply_judge, speech_judge
from router.engine.health import Call
from router.engine.metering import metering
from router.engine.policy import Candidate
from router.engine.slots import Patience
from router.engine.voicing import voiced
from router.engine.within import Within
from router.media import Wish, Workers, convert, is_as_wished

# Tuples: `A | B` is put together anew each time that it is asked for.
TOLD_LENGTH: Final = (Speech, Clip)
STREAMED: Final = (Speech, Clip, Reply)
TIMED: Final = (SpeechLimits, TranscriptionLimits)
OUTRUN: Final = "outrun"
"""The outcome of a call that was cancelled because its rival had settled the request."""


class Run(msgspec.Struct, eq=False):
    """One call: whom it asks, when it began and had its slot (seconds since the request arrived), and how it ended.

    `asked` is called once it has its slot; `bill` is there once its provider is asked. A `hedged` one was begun because
    its `rival` was slow; at most one of the two ends well.
    """

    candidate: Candidate
    asked: Callable[[], None] | None = None
    hedged: bool = False
    rival: "Run | None" = None
    began: float | None = None
    reached: float | None = None
    outcome: str = ""
    bill: Bill | None = None
    trace: Trace | None = None


class Calling(msgspec.Struct, frozen=True):
    """The calls to providers that one errand takes."""

    errand: Errand
    workers: Workers
    announce: Callable[[Attempt], None]

    async def call(self, run: Run, fitted: Request) -> Result:
        """Ask a candidate for `fitted`; return its result past the commit point, as the caller asked for it.

        Raises `ProviderFailed` or `RequestRejected`. Whatever happens, the slot is given back, the
        attempt announced and what the provider opened is closed again.
        """
        exchange, health = self.errand.exchange, run.candidate.health
        run.began = exchange.elapsed()
        if exchange.trace is not None:
            run.trace = exchange.trace.child()
            CALLING.set(run.trace)
        if not health.slots.take_free():
            await self._slot(run)
        run.reached = exchange.elapsed()
        under_way = health.enter(exchange.clock.now())
        if run.asked is not None:
            run.asked()
        try:
            await self._bill(run, fitted)
            result = await self._bounded(run.candidate, self._timed(run.candidate, fitted), under_way)
        except BaseException as error:
            self._failed(run, under_way, error)
            if self.errand.before is not None and nothing_taken(error):
                await self.errand.before(None)
            raise
        health.saw_first_byte(exchange.elapsed() - run.reached)
        self._record(run)
        return self._delivered(result, fitted, run, under_way)

    async def _slot(self, run: Run) -> None:
        """Wait until the provider may have one more call from us, but no longer than for a first byte.

        A request whose deadline comes before that is ended by it, as anywhere else; both are in the trail.
        """
        patience = Patience(self.errand.route.first_byte, self.errand.deadline - self.errand.exchange.clock.now())
        try:
            await run.candidate.health.slots.take(self.errand.exchange.team, patience)
        except BaseException as error:
            self._record(run, error)
            raise

    async def _bill(self, run: Run, fitted: Request) -> None:
        """Note that from here on the call may cost something: before an order is written down, so that this is as well."""
        one, bills = run.candidate, self.errand.exchange.bills
        bill = Bill(self.errand.route.task, one.provider, one.target, fitted, run.hedged, run.outcome)
        bills.append(bill)
        if self.errand.before is not None:
            try:
                await self.errand.before(one)
            except BaseException:  # nobody is asked
                bills.remove(bill)
                raise
        run.bill = bill

    def _timed(self, candidate: Candidate, fitted: Request) -> Request:
        """Pass the remaining time on to those who take it, so that they do not work for nobody."""
        limits = candidate.offer.limits
        if not (isinstance(limits, TIMED) and limits.timed):
            return fitted
        left = self.errand.deadline - self.errand.exchange.clock.now()
        return msgspec.structs.replace(fitted, within=max(min(left, self.errand.route.first_byte), 0.0))

    async def _bounded(self, candidate: Candidate, fitted: Request, call: Call) -> Result:
        # A job played to its end has its first byte when it is all done: only the deadline bounds it.
        limit = self.errand.route.deadline if is_job(candidate) else self.errand.route.first_byte
        if call.permit.probe and self.errand.before is None:  # an order cut short may be paid for all the same
            limit = min(limit, candidate.health.patience())
        try:
            with Within(limit):
                return await self._commit(await _handle(candidate, fitted), fitted)
        except TimeoutError as error:
            raise unheard(candidate, limit) from error

    async def _commit(self, result: Result, fitted: Request) -> Result:
        """Encode to what was asked for, then hold the stream until its first bytes prove good; doubt an empty text."""
        asked = self.errand.request
        if isinstance(result, TOLD_LENGTH):
            result = entire(result)
        if isinstance(result, Speech) and isinstance(asked, SpeechRequest):
            wish = Wish(asked.format, asked.sample_rate, asked.bit_rate)
            same = self.errand.native or is_as_wished(result, wish)
            speech = result if same else await self._converted(result, wish)
            opened = await open_gate(speech.chunks, speech_judge(speech))
            return msgspec.structs.replace(speech, chunks=opened)
        if isinstance(result, Clip):
            return msgspec.structs.replace(result, chunks=await open_gate(result.chunks, clip_judge(result)))
        if isinstance(result, Reply):
            return msgspec.structs.replace(result, chunks=await open_gate(FirstSentence(result.chunks), reply_judge))
        if isinstance(result, Ticket):
            return result
        if isinstance(result, Transcript) and isinstance(fitted, TranscriptionRequest):
            if not result.text.strip() and await voiced(self.workers, fitted.audio):
                raise BadOutput("heard no words in a recording that is not silent")
            return result
        raise BadOutput(f"answered with a {type(result).__name__}")

    async def _converted(self, speech: Speech, wish: Wish) -> Speech:
        try:
            return await convert(self.workers, speech, wish)
        except BaseException:
            await speech.chunks.aclose()
            raise

    def _delivered(self, result: Result, fitted: Request, run: Run, call: Call) -> Result:
        heard = (result.duration or 0.0) if isinstance(result, Transcript) else None

        def end(verdict: Verdict) -> None:
            run.candidate.health.leave(call, verdict, self.errand.exchange.clock.now())
            if run.bill is not None:
                run.bill.broke = verdict is Verdict.BAD
                run.bill.heard = self.errand.exchange.audio_seconds if heard is None else heard
                run.bill.shown = self.errand.exchange.video_seconds
            if verdict is Verdict.GOOD and (known := film_seconds(fitted)):
                self.errand.exchange.video_seconds = known

        if isinstance(result, STREAMED):
            count = metering(result, self.errand.exchange)
            limits = Limits(self.errand.route.gap, self.errand.route.total - self.errand.exchange.elapsed())
            return msgspec.structs.replace(result, chunks=Delivery(result.chunks, count, end, limits))
        end(Verdict.GOOD)
        return result

    def _failed(self, run: Run, call: Call, error: BaseException) -> None:
        now, health = self.errand.exchange.clock.now(), run.candidate.health
        if run.outcome == OUTRUN and not run.hedged:
            # It would have taken longer still. Left out, the slow calls would make a target look fast.
            health.saw_first_byte(now - call.began)
        verdict = health.learn(error, now) if isinstance(error, ProviderFailed) else Verdict.NEITHER
        health.leave(call, verdict, now)
        self._record(run, error)

    def _record(self, run: Run, error: BaseException | None = None) -> None:
        """Note how a call ended, once. A rival that is thereby outrun is noted too: it may take its time to leave."""
        if run.outcome:
            return
        run.outcome = outcome_of(error)
        self._tell(run, run.began or 0.0, error)
        rival = run.rival
        if rival is None or rival.outcome or not settles(error):
            return
        rival.outcome = OUTRUN
        if rival.began is not None:
            self._tell(rival, rival.began)

    def _tell(self, run: Run, began: float, error: BaseException | None = None) -> None:
        exchange, candidate, now = self.errand.exchange, run.candidate, self.errand.exchange.elapsed()
        if run.bill is not None:
            run.bill.outcome, run.bill.refused = run.outcome, refused(error)
        failure = error if isinstance(error, ProviderFailed) else None
        attempt = Attempt(
            request_id=exchange.request_id,
            task=self.errand.route.task,
            route=self.errand.route.name,
            target=candidate.target,
            provider=candidate.provider,
            kind=candidate.kind,
            model=candidate.model,
            team=exchange.team,
            number=len(exchange.attempts) + 1,
            started=began,
            seconds=now - began,
            outcome=run.outcome,
            waited=(now if run.reached is None else run.reached) - began,
            first_byte=now - began if run.outcome == "ok" else None,
            upstream_status=failure.upstream_status if failure else None,
            retry_after=failure.retry_after if failure else None,
            breaker=candidate.health.breaker.state,
            hedged=run.hedged,
            resumes=self.errand.resumes,
            trace=run.trace,
        )
        exchange.attempts.append(attempt)
        self.announce(attempt)


def unheard(candidate: Candidate, limit: float) -> ProviderFailed:
    """Return what it means that an answer did not come in time: an order of a job may have been taken all the same."""
    offer = candidate.offer
    if isinstance(offer, JobOffer):
        return OutcomeUnknown(f"an order was not answered within {limit:g} s", repeatable=offer.keyed)
    return TimedOut(f"no first byte within {limit:g} s")


def nothing_taken(error: BaseException) -> bool:
    """Whether a provider that failed so has certainly taken no order."""
    return isinstance(error, ProviderFailed) and not isinstance(error, OutcomeUnknown)


def is_job(candidate: Candidate) -> bool:
    """Whether the offer makes films that come only when they are complete."""
    limits = candidate.offer.limits
    return isinstance(limits, AvatarLimits) and not limits.live


def _handle(candidate: Candidate, fitted: Request) -> Awaitable[Result]:
    # The policy pairs an offer with requests of the type it accepts; the type system cannot see that.
    handle = cast("Callable[[Request], Awaitable[Result]]", candidate.offer.handle)
    return handle(fitted)


def settles(error: BaseException | None) -> bool:
    """Whether a call's end is its request's too: a good answer, or an error that no other provider mends.

    gRPC calls the others non-fatal (proposal A6): they leave it to the rival of the call.
    """
    if isinstance(error, ProviderFailed):
        return error.next is Next.STOP
    return not isinstance(error, asyncio.CancelledError)


def outcome_of(error: BaseException | None) -> str:
    """Name how an attempt ended, for telemetry: one word of a bounded set."""
    if error is None:
        return "ok"
    if isinstance(error, ProviderFailed):
        return error.reason
    if isinstance(error, RequestRejected):
        return "rejected"
    return "cancelled" if isinstance(error, asyncio.CancelledError) else "defect"
