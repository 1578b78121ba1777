"""Benchmarks: fixed models, fixed seeds, every measurement in a process of its own.

===============  ==================================================================
`run`            `make bench`: what is measured, in which order, and what is printed
`stage`          one measurement as a process: request and result are JSON files
`clock`          wall time, CPU time, time spent waiting for a core, peak memory
`models`         what is measured: subjects by name, with their data
`subject`        measures zkseal; `zkseal_stage` is what its processes do
`peer`           measures ezkl; `ezkl_stage` is what its processes do
`quoted`         figures of peers that are not run here, marked as quoted
`results`        figures of a record; a missing one is an error, never 0
`checks`         the limits that have to hold; `targets` what is aimed at
`tables`         text; `plot` the picture; `machine` what it ran on
`costs`          `make costs`: measures for the constants of `zkseal.proving.cost`; `fits` fits them
`scaling`        `make scaling`: how cost grows, over `families` of synthetic models; `growth` its tables and pictures
`instructions`   `make instructions`: counts the instructions of fixed cases, compares with instructions.json
===============  ==================================================================

docs/guides/benchmarks.md says how to run it and what makes a comparison fair. The stages of ezkl run where zkseal is
not installed: `stage`, `clock` and `ezkl_stage` need the standard library and ezkl alone.
"""
