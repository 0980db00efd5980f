"""The command line: reads options, calls the library, prints. Everything slow is imported inside a command."""

from __future__ import annotations

import functools
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, cast

import click

from generator.interrupts import Interrupted, ending_soon, leave
from generator.redaction import Discreet

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from generator.config import Benchmark
    from generator.models.registry import Model
    from generator.pair import Parameters
    from generator.streaming.passes import Pass

DONE, SOME_FAILED, REFUSED = 0, 1, 2


def main() -> NoReturn:
    """Run the command line; the one place where errors become messages and exit codes."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.stderr = cast("TextIO", Discreet(sys.stderr))  # where logs and tracebacks end, too
    with ending_soon():
        code = _ran()
    sys.exit(code)


def _ran() -> int:
    try:
        code = isogloss.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return REFUSED
    except (KeyboardInterrupt, click.Abort) as error:
        # Click makes an Abort of the interruption.
        told = error.__cause__ if isinstance(error, click.Abort) else error
        leave(told.number if isinstance(told, Interrupted) else signal.SIGINT)
    except Exception as error:
        from generator.errors import IsoglossError

        if not isinstance(error, IsoglossError):
            raise
        _tell(f"Error: {error}", err=True)
        return REFUSED
    return code if isinstance(code, int) else DONE


def _tell(text: str, *, err: bool = False) -> None:
    """Say something to people; a terminal shows what it would obey."""
    from generator.visible import visible

    click.echo(visible(text), err=err)


def _tell_json(document: str) -> None:
    from generator.visible import escaped

    click.echo(escaped(document))


class _Commands(click.Group):
    """Lists commands in the order of a benchmark's life rather than of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="isogloss")
def isogloss() -> None:
    """Which multilingual embedding models put the same meaning in the same place?

    A benchmark is described in benchmark.toml. Evaluate measures what is missing into results/; render turns
    results into a static site; build does both.
    """


Command = Callable[..., Any]

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=Path("benchmark.toml"),
    show_default=True,
    help="The benchmark's description.",
)
dataset_option = click.option("--dataset", "datasets", multiple=True, metavar="NAME", help="Only this one; repeatable.")
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout and nothing else.")
remote_code_option = click.option(
    "--allow-remote-code",
    is_flag=True,
    help="Run code from the repository of a model whose entry asks for it. Only for models you trust.",
)
revisions_option = click.option(
    "--update-revisions",
    is_flag=True,
    help="Measure anew where a model has another commit on the hub than the one it was measured at.",
)
jobs_option = click.option(
    "-j", "--jobs", type=click.IntRange(1), default=None, help="Processes that share the work.  [default: one a core]"
)


def _bytes(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    from generator.memory import parse_size

    try:
        return None if value is None else parse_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


memory_option = click.option(
    "--memory",
    callback=_bytes,
    metavar="SIZE",
    help="What all processes together may hold, such as 4GB: fewer pairs are measured at a time, and one that does not "
    "fit alone is refused.  [default: what the machine or container has free]",
)
SCHEDULER = re.compile(r"((tcp|tls|ucx|wss?)://)?([^\s/:\[\]]+|\[[^\s/\]]+\]):\d{1,5}/?")


def _address(_: click.Context, __: click.Parameter, value: str | None) -> str:
    if value is not None and not SCHEDULER.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no address of a Dask scheduler. Write it like tcp://127.0.0.1:8786")
    return value or ""


scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    callback=_address,
    help="A Dask scheduler, such as tcp://127.0.0.1:8786, whose workers do the work. Needs isogloss[dask].",
)


def measuring_options(command: Command) -> Command:
    """The options that evaluate and build share."""

    @click.option(
        "--model",
        "models",
        multiple=True,
        metavar="NAME",
        help="A model instead of the configured ones: a registry name, hf:ORG/NAME[@REVISION], precomputed:FILE or a "
        "folder; repeatable.",
    )
    @click.option(
        "--group", "groups", multiple=True, metavar="NAME", help="A group of models instead of the configured ones."
    )
    @dataset_option
    @jobs_option
    @memory_option
    @scheduler_option
    @remote_code_option
    @revisions_option
    @config_option
    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> Any:
        return command(*args, **options)

    return wrapped


@isogloss.command()
@measuring_options
def build(config: Path, **options: Any) -> int:
    """Measure what is missing or outdated, then write the site."""
    from generator.config import load_benchmark
    from generator.lock import locked

    benchmark = load_benchmark(config)
    with locked(benchmark.results):
        failed = _evaluate(benchmark, **options)
        _render(benchmark, benchmark.output, options["jobs"])
    return SOME_FAILED if failed else DONE


@isogloss.command()
@measuring_options
def evaluate(config: Path, **options: Any) -> int:
    """Measure what is missing or outdated, into results/."""
    from generator.config import load_benchmark
    from generator.lock import locked

    benchmark = load_benchmark(config)
    with locked(benchmark.results):
        failed = _evaluate(benchmark, **options)
    return SOME_FAILED if failed else DONE


@isogloss.command()
@config_option
@click.option("--results", type=click.Path(path_type=Path), help="Results to show instead of the configured ones.")
@click.option("--site", type=click.Path(path_type=Path), help="Where to write instead of the configured folder.")
@jobs_option
def render(config: Path, results: Path | None, site: Path | None, jobs: int | None) -> int:
    """Write the site from results; measures nothing."""
    import dataclasses

    from generator.config import load_benchmark
    from generator.lock import locked

    benchmark = load_benchmark(config)
    benchmark = dataclasses.replace(benchmark, results=results or benchmark.results)
    with locked(benchmark.results):
        failed = _render(benchmark, site or benchmark.output, jobs)
    return SOME_FAILED if failed else DONE


@isogloss.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--model", required=True, metavar="NAME", help="A registry name, hf:ORG/NAME, precomputed:FILE or a folder."
)
@click.option("--languages", metavar="TAGS", default="", help="Languages to compare, such as en,zh.  [default: all]")
@click.option("--map", "with_map", is_flag=True, help="Draw the map too (with --json).")
@scheduler_option
@remote_code_option
@json_option
def score(
    file: Path, model: str, languages: str, with_map: bool, scheduler: str, allow_remote_code: bool, as_json: bool
) -> int:
    """Measure one model on your own translations.

    FILE is a CSV, TSV, JSONL or Parquet file with a column a language, a two-column lexicon, or a dataset folder.
    One of more than 50,000 rows is read as a stream: in bounded memory, SA, null and centred SA from all rows and
    everything else from a sample; with --scheduler, all rows on the cluster.
    """
    from generator.datasets import load_dataset
    from generator.evaluate import evaluate_pair
    from generator.manifold import Layout
    from generator.models import load_model
    from generator.pair import Parameters
    from generator.progress import say
    from generator.results import PairFailure, to_json
    from generator.streaming.score import is_long, is_streamed, score_stream
    from generator.summary import summary

    tags = [name for name in languages.split(",") if name.strip()]
    parameters = Parameters(layout=Layout() if with_map else None)
    chosen = load_model(model)
    if is_streamed(file, tags, chosen):
        with _passes(scheduler, parameters, allow_remote_code) as run_pass:
            outcome = score_stream(
                file, chosen, parameters, languages=tags, allow_remote_code=allow_remote_code, run_pass=run_pass
            )
    else:
        if is_long(file, tags):
            say(f"{file.name} is measured in memory, long as it is: controls and untranslated lists are no streams")
        elif scheduler:
            say(f"{file.name} is no long file: it is measured here, and --scheduler is not asked")
        outcome = evaluate_pair(load_dataset(file, tags), chosen, parameters, allow_remote_code=allow_remote_code)
    if isinstance(outcome, PairFailure):
        _tell(f"Error: {outcome.error.message}", err=True)
    if as_json:
        _tell_json(to_json(outcome).rstrip("\n"))
    elif not isinstance(outcome, PairFailure):
        _tell(summary(outcome))
    return SOME_FAILED if isinstance(outcome, PairFailure) else DONE


@isogloss.command()
@config_option
def check(config: Path) -> int:
    """Validate the config, datasets and results, and list what is outdated."""
    from generator.check import check_benchmark
    from generator.config import load_benchmark

    for line in check_benchmark(load_benchmark(config)):
        _tell(line)
    return DONE


@isogloss.command(name="list")
@click.argument("what", type=click.Choice(["models", "datasets", "results"]))
@config_option
@json_option
def list_things(what: str, config: Path, as_json: bool) -> int:
    """Show the known models, the configured datasets or the stored results."""
    import json

    from generator import listing

    rows = {"models": listing.models, "datasets": listing.datasets, "results": listing.results}[what](config)
    if as_json:
        _tell_json(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _tell(listing.as_table(rows))
    return DONE


@isogloss.command()
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True)
@dataset_option
@config_option
@json_option
def compare(models: tuple[str, ...], datasets: tuple[str, ...], config: Path, as_json: bool) -> int:
    """Set two to four measured models side by side, from results alone."""
    import json

    from generator.comparison import compare_stored, document, report
    from generator.config import load_benchmark

    comparison = compare_stored(load_benchmark(config), models, datasets)
    if as_json:
        _tell_json(json.dumps(document(comparison), ensure_ascii=False, indent=1))
    else:
        _tell(report(comparison))
    return DONE


@isogloss.command()
@click.argument("model", metavar="MODEL")
@dataset_option
@remote_code_option
@revisions_option
@config_option
@json_option
def layers(
    model: str,
    datasets: tuple[str, ...],
    config: Path,
    as_json: bool,
    allow_remote_code: bool,
    update_revisions: bool,
) -> int:
    """Measure a transformer layer by layer, on the benchmark's reference unless a dataset is named.

    MODEL is a registry name, hf:ORG/NAME[@REVISION] or a folder.
    """
    import json

    from generator.config import load_benchmark
    from generator.layers import LayerStore, current_curves, document, table
    from generator.lock import locked
    from generator.models import load_registry
    from generator.result_store import ResultStore
    from generator.revisions import keep_revisions

    benchmark = load_benchmark(config)
    named = load_registry(config.resolve().parent).model(model)
    store = LayerStore(benchmark.results)
    with locked(benchmark.results):
        stores = (ResultStore(benchmark.results), store)
        (kept,) = keep_revisions([named], benchmark.datasets, stores, update=update_revisions)
        curves = current_curves(
            kept,
            benchmark.selected(datasets or ([benchmark.reference] if benchmark.reference else [])),
            benchmark.parameters,
            store,
            allow_remote_code=allow_remote_code,
        )
    if as_json:
        _tell_json(json.dumps([document(curve) for curve in curves], ensure_ascii=False, indent=1))
    else:
        _tell("\n\n".join(map(table, curves)))
    return DONE


@isogloss.group()
def add() -> None:
    """Add to a benchmark."""


@add.command(name="model")
@click.argument("name", metavar="ORG/NAME")
@config_option
def add_model(name: str, config: Path) -> int:
    """Write an entry for a model of the mteb registry into models.toml beside the config."""
    from generator.add import add_model as append

    path, text = append(name, config.resolve().parent)
    _tell(text.rstrip("\n"))
    click.echo(f"wrote {path}", err=True)
    return DONE


@isogloss.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> int:
    """Begin a benchmark of your own in FOLDER; it builds at once."""
    from generator.initialise import initialise

    for path in initialise(folder):
        click.echo(f"wrote {path}", err=True)
    click.echo(f"Now: isogloss build -c {folder / 'benchmark.toml'}", err=True)
    return DONE


@isogloss.command()
@config_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Where to serve; 0 chooses a free port.",
)
@click.option("--watch/--no-watch", default=True, help="Build again when something changed.  [default: watch]")
@jobs_option
@memory_option
@remote_code_option
def serve(config: Path, port: int, watch: bool, jobs: int | None, memory: int | None, allow_remote_code: bool) -> int:
    """Serve the site on this machine and build it again whenever the benchmark changes.

    Without a site it is built first. What is missing is measured as by build.
    """
    from generator.config import load_benchmark
    from generator.lock import locked
    from generator.serve import serving
    from generator.watch import rebuild_on_change

    def rebuild() -> None:
        benchmark = load_benchmark(config)
        with locked(benchmark.results):
            _evaluate(benchmark, (), (), (), jobs, allow_remote_code, memory=memory)
            _render(benchmark, benchmark.output, jobs)

    site = load_benchmark(config).output
    if watch and not (site / "index.html").is_file():
        rebuild()
    with serving(site, port) as server:
        if watch:
            rebuild_on_change(config, rebuild)
        server.join()
    return DONE


@isogloss.command()
@config_option
@click.option("--date", metavar="YYYY-MM-DD", help="The day to release as.  [default: today]")
def release(config: Path, date: str | None) -> int:
    """Keep the site as it is now under a dated address that does not change."""
    from generator.config import load_benchmark
    from generator.lock import locked
    from generator.pair import today
    from generator.progress import say
    from generator.schedule import all_cores
    from generator.site.publish import publish
    from generator.site.releases import is_released, release_folder
    from generator.site.update import released

    benchmark = load_benchmark(config)
    day = date or today()
    with locked(benchmark.results), locked(benchmark.releases):
        place = release_folder(benchmark.releases, day)
        files = released(benchmark, day, all_cores())
        if is_released(files, place):
            say("Nothing has changed since that release")
        else:
            publish(files, place)
    say(f"{len(files)} files in {place}; isogloss render publishes them with the site")
    return DONE


def _evaluate(
    benchmark: Benchmark,
    models: tuple[str, ...],
    groups: tuple[str, ...],
    datasets: tuple[str, ...],
    jobs: int | None,
    allow_remote_code: bool,
    update_revisions: bool = False,
    memory: int | None = None,
    scheduler: str = "",
) -> int:
    """Evaluate and say what was done; returns how many pairs and layer curves failed."""
    import warnings

    from generator.evaluate import evaluate as evaluate_pairs
    from generator.layers import LayerStore, measure_layers
    from generator.memory import budget
    from generator.models import load_registry, select
    from generator.progress import say
    from generator.result_store import ResultStore
    from generator.revisions import keep_revisions
    from generator.schedule import all_cores

    chosen = benchmark.models
    if models or groups:
        chosen = select(load_registry(benchmark.path.resolve().parent), models, groups)
    stores = (ResultStore(benchmark.results), LayerStore(benchmark.results))
    chosen = keep_revisions(chosen, benchmark.datasets, stores, update=update_revisions)
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: say(f"Warning: {message}")
        tally = evaluate_pairs(
            chosen,
            benchmark.selected(datasets),
            benchmark.parameters,
            ResultStore(benchmark.results),
            jobs=jobs or all_cores(),
            budget=budget(memory),
            allow_remote_code=allow_remote_code,
            scheduler=scheduler,
        )
        failed_curves = measure_layers(
            chosen,
            [dataset for dataset in benchmark.selected(datasets) if dataset.slug in benchmark.layers],
            benchmark.parameters,
            LayerStore(benchmark.results),
            allow_remote_code=allow_remote_code,
        )
    say(str(tally))
    return tally.failed + failed_curves


def _passes(
    scheduler: str, parameters: Parameters, allow_remote_code: bool
) -> AbstractContextManager[Callable[[Model, Path], Pass] | None]:
    """What looks at all rows of a long file: a cluster, or, where there is none, this process."""
    from contextlib import nullcontext

    if not scheduler:
        return nullcontext()
    from generator.cluster.shards import cluster_passes

    return cluster_passes(scheduler, parameters, allow_remote_code=allow_remote_code)


def _render(benchmark: Benchmark, site: Path, jobs: int | None) -> int:
    """Bring the site up to date and say where it is; returns how many pairs on it failed."""
    from generator.errors import Fault, InputError
    from generator.lock import locked
    from generator.progress import say
    from generator.result_store import ResultStore
    from generator.schedule import all_cores
    from generator.site.update import update_site

    if any(site.resolve().is_relative_to(other.resolve()) for other in (benchmark.results, benchmark.releases)):
        raise InputError([Fault(str(site), "the site cannot be there, where other things lie", "Name another folder")])
    slugs = {dataset.slug for dataset in benchmark.datasets}
    for slug in sorted(ResultStore(benchmark.results).datasets() - slugs):
        say(f"The results on {slug} are left out: no [[datasets]] entry of {benchmark.path} has that name")
    with locked(site):
        done = update_site(benchmark, site, jobs or all_cores())
    say(f"{done} in {site}; open {site / 'index.html'}")
    return done.failed


if __name__ == "__main__":
    main()
