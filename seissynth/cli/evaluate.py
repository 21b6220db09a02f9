"""``seissynth evaluate``: compare generated records with real ones, and write a report."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from seissynth.cli import _flatfile as flatfiles
from seissynth.cli import _generation as generation
from seissynth.cli import _panels as panels
from seissynth.cli._common import DebugOption, OverwriteOption, QuietOption, command, file_option, progress_bar, say
from seissynth.evaluation.registry import GROUPS


@command
def evaluate(
    context: typer.Context,
    output: Annotated[
        Path, file_option("--output", "-o", help="Report to write (.html); its CSV tables go to NAME_tables.")
    ],
    real: Annotated[
        str | None,
        typer.Option(
            "--real",
            "-r",
            rich_help_panel=panels.SETS,
            help="Real records: a SeisBench folder or an .h5 file.",
            show_default=False,
        ),
    ] = None,
    generated: Annotated[
        list[str] | None,
        typer.Option(
            "--generated",
            "-g",
            rich_help_panel=panels.SETS,
            help="Generated records, likewise; may be repeated.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            "-n",
            rich_help_panel=panels.SETS,
            help="Names of the generated sets, in order.",
            show_default=False,
        ),
    ] = None,
    real_name: Annotated[
        str | None,
        typer.Option("--real-name", rich_help_panel=panels.SETS, help="Name of the real set.", show_default=False),
    ] = None,
    picker: Annotated[
        str | None,
        typer.Option(
            "--picker",
            rich_help_panel=panels.METRICS,
            help="Picker for arrivals: 'aic', 'ar_aic', or a file of weights.",
            show_default=False,
        ),
    ] = None,
    train: Annotated[
        str | None,
        typer.Option(
            "--train",
            rich_help_panel=panels.SETS,
            help="Training records of the model, to look for copies.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            rich_help_panel=panels.SETS,
            help="Only this part of the real set, as 'test'.",
            show_default=False,
        ),
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups",
            rich_help_panel=panels.METRICS,
            help=f"Only these groups, comma-separated: {', '.join(GROUPS)}.",
            show_default=False,
        ),
    ] = None,
    skip: Annotated[
        str | None,
        typer.Option(
            "--skip", rich_help_panel=panels.METRICS, help="Skip these groups, comma-separated.", show_default=False
        ),
    ] = None,
    baselines: Annotated[
        bool,
        typer.Option("--baselines/--no-baselines", rich_help_panel=panels.METRICS, help="Also score the baselines."),
    ] = True,
    clipped: Annotated[
        bool,
        typer.Option("--clipped", rich_help_panel=panels.SETS, help="Keep real records marked as clipped."),
    ] = False,
    flatfile: flatfiles.FlatfileOption = None,
    mapping: flatfiles.MappingOption = None,
    limit: flatfiles.LimitOption = None,
    max_distance: flatfiles.MaxDistanceOption = 300.0,
    periods: flatfiles.PeriodsOption = None,
    realizations: flatfiles.RealizationsOption = 3,
    model: flatfiles.ModelOption = "bssa14",
    scatter: flatfiles.ScatterOption = True,
    station_terms: flatfiles.StationTermsOption = None,
    backend: generation.BackendOption = "stochastic",
    options: generation.SetOption = None,
    weights: generation.WeightsOption = None,
    device: generation.DeviceOption = "cpu",
    pictures: Annotated[bool, typer.Option("--pictures/--no-pictures", help="Include pictures in the report.")] = True,
    draws: Annotated[
        int, typer.Option("--draws", rich_help_panel=panels.METRICS, help="Bootstrap samples per interval.", min=100)
    ] = 1000,
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            rich_help_panel=panels.METRICS,
            help="Seed of the bootstrap, and of the records that --flatfile makes.",
        ),
    ] = 0,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
):
    """Compare generated records with real ones of the same earthquakes, and write a report.

    The report begins with a verdict in one or two sentences, which is also printed. It is one HTML file that needs no
    network; its tables are CSV files in a folder next to it. Several generated sets, and the baselines, are ranked on
    their common records. Groups that lack an input (arrivals without --picker) are listed in the report. The exit code
    is 1 if a group failed; the report is still written and gives the reason. For example:

    - seissynth evaluate --real windows --generated made -o report.html

    - seissynth evaluate -r windows -g stochastic -g heggs -n physics -n learned --picker aic -o report.html

    - seissynth evaluate -r windows -g made.h5 -o quick.html --groups similarity,ground_motion --no-baselines

    - seissynth evaluate --flatfile ESM_flatfile.csv -o esm.html --backend stochastic --limit 20

    Generate the same earthquakes and sensors with "seissynth dataset make --catalog ... --p-lead none --start 0".

    With --flatfile a backend makes records in the places of a flat file's rows; residuals of PGA, PGV and PSA are split
    into bias, tau and phi, beside those of a ground-motion model.
    """
    if flatfile is not None:
        flatfiles.refuse_others(context, flatfiles.OF_RECORDS, "compares records; leave it out with --flatfile.")
        flatfiles.run_flatfile(
            flatfile, output, mapping=mapping, limit=limit, max_distance_km=max_distance, periods=periods,
            realizations=realizations, model=model, scatter=scatter, station_terms=station_terms, backend=backend,
            options=options, weights=weights, device=device, seed=seed, draws=draws, pictures=pictures,
            overwrite=overwrite, quiet=quiet,
        )  # fmt: skip
        return
    flatfiles.refuse_others(context, flatfiles.OF_FLATFILE, "belongs to a flat file; give it with --flatfile.")
    if real is None or not generated:
        raise typer.BadParameter("give --real and --generated, or --flatfile.")
    from seissynth.evaluation import EvaluationSettings
    from seissynth.evaluation.headlines import headline_cells, verdict_lines
    from seissynth.report import evaluate as run
    from seissynth.shared.tables import text_table

    with progress_bar("evaluating", 100, quiet) as step:
        evaluation = run(
            real,
            list(generated),
            report=output,
            overwrite=overwrite,
            pictures=pictures,
            command=shlex.join(["seissynth", *sys.argv[1:]]),
            names=name or None,
            real_name=real_name,
            picker=None if picker == "none" else picker,
            train=train,
            split=split,
            groups=_listed("--groups", groups),
            skip=_listed("--skip", skip) or (),
            baselines=baselines,
            clipped=clipped,
            settings=EvaluationSettings(draws=draws, seed=seed),
            progress=lambda done, total, _: step(100.0 * done / max(total, 1)),
        )
    if not quiet:
        for line in verdict_lines(evaluation):
            typer.echo(line)
        head, rows = headline_cells(evaluation)
        typer.echo(text_table(head, rows, rule=False))
        for item in evaluation.missing:
            say(f"left out: {item.part} ({item.set_name}): {item.reason}")
        say(f"{output} written, tables in {output.stem}_tables")
    for item in evaluation.failures:
        say(f"error: {item.part}{f' ({item.set_name})' if item.set_name else ''} failed: {item.reason}")
    if evaluation.failures:
        raise typer.Exit(1)


def _listed(name, words):
    if words is None:
        return None
    listed = [word.strip() for word in words.split(",")]
    if not all(listed):
        raise typer.BadParameter(f"{name} {words!r} contains an empty name; known are {', '.join(GROUPS)}.")
    return listed
