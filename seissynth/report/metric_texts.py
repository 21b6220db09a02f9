"""Description and limits of every metric in one or two sentences; patterns match families of names."""

#: group -> what it is about
GROUP_TEXTS = {
    "arrivals": (
        "Do P and S come when they should? The same picker looks at the generated records and at the real ones; what "
        "it finds is compared with the reference onsets of the real ones. The floor is the picker on the real records "
        "themselves, their windows begun earlier: nothing generated can be expected to do better."
    ),
    "similarity": (
        "How alike the generated and the real record of one earthquake at one sensor are. Waveforms of other random "
        "detail cannot agree sample by sample, so that envelopes and spectrograms carry the weight."
    ),
    "spread": (
        "Do draws of one record scatter as nature does, and are spectrograms as rough as real ones? A model that gives "
        "the mean of what could happen scores well in similarity and fails here. The scatter needs two draws or more "
        "of each record."
    ),
    "distributions": (
        "Samples and features of the two sets as wholes, without asking which record belongs to which: moments, "
        "quantiles, densities, and the Fréchet distance of features."
    ),
    "diversity": (
        "Are generated records copies of training records, or of each other? Likeness is the largest normalised "
        "cross-correlation. What counts as a copy is set by how much real earthquakes repeat each other."
    ),
    "spectra": "Fourier amplitudes, smoothed after Konno and Ohmachi: level and shape over frequency.",
    "ground_motion": (
        "What engineers ask for: peaks, response spectra, intensity and duration. Residuals are natural logarithms of "
        "generated over observed motion, split into parts of the earthquake, of the station and the rest; both sets "
        "are also held against published ground-motion models. 0.1 is 10 %, 0.7 a factor of two."
    ),
    "magnitude": (
        "Local magnitude from Wood-Anderson amplitudes of both sets by the same formula and stations: does a generated "
        "earthquake have the size that was asked for?"
    ),
    "source": (
        "Seismic moment, corner frequency and kappa fitted to the S spectra of each earthquake in both sets, by the "
        "same fit with the same path, and the ratio of horizontal to vertical motion."
    ),
    "frequency_magnitude": (
        "How many earthquakes of each size: b-values of the catalogue, and of the magnitudes measured on both sets. "
        "With few earthquakes all intervals are wide."
    ),
    "sections": "Record sections of the best recorded earthquakes, and how the strongest shaking moves out.",
    "samples": (
        "Good, middling and bad records, chosen by a stated score and not by hand. Look at the bad ones first."
    ),
}

_SAME_FIT = "whether the fit is right: an error of the path that both share falls out."

#: metric or pattern -> (what it means, what it cannot tell); the first that fits counts
METRIC_TEXTS = {
    "[ps]_floor_*": ("The same for the picker on the real records: the best that anything can reach.", ""),
    "[ps]_matched": (
        "Share of reference onsets near which the picker finds one in the generated record, within 2 s (P) or 3 s (S).",
        "how near.",
    ),
    "[ps]_f1": (
        "Harmonic mean of precision and recall of picks within 0.5 s of the reference.",
        "how far the rest is off.",
    ),
    "[ps]_mae_s": (
        "Mean absolute difference between pick and reference, of the picks that were found.",
        "misses: a generator whose onsets cannot be seen has few, good picks.",
    ),
    "[ps]_mae_with_misses_s": ("The same with a miss counted as half the window, 2 s (P) or 3 s (S).", ""),
    "[ps]_median_s": ("Median of pick less reference: are onsets early (negative) or late?", "scatter."),
    "mask_length_s": ("How much of a window counts: from origin to the next earthquake.", ""),
    "envelope_correlation*": (
        "Correlation of smoothed envelopes: does the energy come when it should? 'Lagged' allows a shift.",
        "size; and a mean of many records scores higher than any single one.",
    ),
    "envelope_lag*": ("The shift at which envelopes agree best; positive where the generated one is late.", "why."),
    "snr_db*": (
        "Energy of the real record over that of the difference. Unrelated records of equal energy give −3 dB, so "
        "nothing is ranked by it.",
        "anything about records whose phases are random.",
    ),
    "psnr_db*": ("Squared peak of the real record over the mean square of the difference; not ranked.", "as SNR."),
    "spectrogram_mse*": (
        "Mean square difference of log-spectrograms, each brought to mean 0 and standard deviation 1; 2 is chance.",
        "size, and whether fine structure is there: a smooth spectrogram scores well.",
    ),
    "envelope_dtw*": (
        "Distance of envelopes after stretching time by up to 2 s: shape without timing.",
        "whether onsets are right.",
    ),
    "waveform_correlation*": (
        "Correlation of the waveforms themselves; near 0 for records of other random detail.",
        "whether a record is a good one of its kind.",
    ),
    "*_within_event_sd_ratio": (
        "Standard deviation between draws, the earthquake's own part taken off, over what is observed within "
        "earthquakes; right from 0.8 to 1.2.",
        "whether the mean is right.",
    ),
    "*_draw_sd_ratio": ("Standard deviation between draws, all of it, over what is observed within earthquakes.", ""),
    "*_single_station_sd_ratio": (
        "Standard deviation between draws over what is observed at single stations, the station's own part taken off.",
        "whether the mean is right.",
    ),
    "*_draw_sd_over_error": (
        "Spread of the draws over the error of their mean: 1 where the model knows how uncertain it is.",
        "whether either is small.",
    ),
    "*_crps": (
        "Continuous ranked probability score: distance between the distribution of the draws and what was observed. "
        "With one draw, the absolute error.",
        "which of bias and spread is wrong.",
    ),
    "roughness_ratio": (
        "Fine structure of log-spectrograms, generated over real; right from 0.8 to 1.25, below it they are blurred.",
        "whether the structure stands in the right place.",
    ),
    "amplitude_accuracy_*": (
        "The error of the same name as an accuracy after DGM's table I: 1 for equal quantiles, 0 for a constant.",
        "when a sample comes: order in time does not count.",
    ),
    "amplitude_*": (
        "Difference between the sorted samples of the real and of the generated record, by the measure named.",
        "when a sample comes: order in time does not count.",
    ),
    "frechet_floor": ("The Fréchet distance between halves of the real earthquakes: how small it can be expected.", ""),
    "frechet_distance": (
        "Distance between normal distributions fitted to features of the two sets.",
        "which feature is off, and anything beyond mean and covariance.",
    ),
    "nearest_training_correlation*": (
        "Likeness of a record with its nearest training record of another earthquake; '_real' is that of real records.",
        "copies that were changed by more than size and shift.",
    ),
    "copied_share": (
        "Share of generated records more like a training record than nearly all real records are: copies.",
        "copies that were changed by more than size and shift.",
    ),
    "nearest_within_*": ("Likeness of a record with its nearest neighbour in its own set, of another earthquake.", ""),
    "diversity_ratio": ("One less likeness to the nearest, generated over real; 0 where all records are one.", ""),
    "coverage": (
        "Share of real records that a generated one comes near to in features; low where kinds are missing.",
        "",
    ),
    "inside_share": (
        "Share of generated records that lie among the real ones in features.",
        "whether all kinds are there.",
    ),
    "draw_diversity": ("One less the correlation between draws of one record; 0 where all draws are equal.", ""),
    "ln_spectral_ratio_*": (
        "Logarithm of generated over real Fourier amplitude in a third of the band; 0 is equal.",
        "the parts of source, path and site in it.",
    ),
    "spectral_shape_misfit": (
        "Root mean square over frequency of that logarithm about its mean: shape without level.",
        "which part of the spectrum is off.",
    ),
    "ln_*_bias_both": (
        "The bias on records where the generated motion stands above the noise, too: the choice is not the real one's.",
        "scatter.",
    ),
    "ln_*_bias": (
        "Median over records of the logarithm of generated over observed; positive where generated motion is stronger.",
        "scatter, and biases of parts that cancel: see the tables by magnitude and distance.",
    ),
    "ln_*_sd": (
        "Scatter of the logarithm of generated over observed. Even a perfect random model keeps √2 times nature's "
        "unexplained scatter.",
        "whose scatter it is.",
    ),
    "ml_difference": ("Local magnitude of the generated earthquake less that of the real one, same stations.", "why."),
    "ml_difference_sd": ("Its scatter over earthquakes.", ""),
    "record_ml_difference_sd": ("Its scatter over single records.", ""),
    "ml_*_off_catalogue": (
        "Computed local magnitude less the catalogue's: does the formula give back what went in?",
        "",
    ),
    "ml_slope": (
        "Slope of generated over observed magnitudes; below 1 where large earthquakes come out too small.",
        "whether the catalogue is right.",
    ),
    "b_*_label": ("b-value of the catalogue's own magnitudes.", ""),
    "b_*_real": ("b-value of magnitudes measured on the real records.", ""),
    "b_*_generated": (
        "b-value of magnitudes measured on the generated records; right where it is that of the real ones.",
        "whether single earthquakes have the right size.",
    ),
    "source_mw_difference": ("Moment magnitude fitted to S, generated less observed.", _SAME_FIT),
    "ln_corner_difference": (
        "Logarithm of the corner frequency, generated over observed, where both show one.",
        _SAME_FIT,
    ),
    "kappa_difference_s": ("Attenuation beside the path's, generated less observed.", _SAME_FIT),
    "ln_spectrum_difference": ("Level of the displacement spectrum of S, generated over observed.", "shape."),
    "ln_hvsr_difference": ("Horizontal over vertical motion of S, generated over observed, mean over frequency.", ""),
    "ln_hvsr_rms": (
        "The same, root mean square over frequency; two realisations of one spectrum differ by about 0.5.",
        "what a smooth site curve would be.",
    ),
    "moveout_difference": ("Slowness of the strongest shaking, generated less real.", "onsets."),
    "largest_shaking_*": ("Time of the strongest shaking, generated less real.", "onsets."),
    "sample_score": (
        "Mean of envelope correlation, spectrogram correlation and agreement of peaks (1 for equal peaks, 0 for a "
        "factor of 2.7, -1 for 7.4 and more): what the samples are chosen by.",
        "see all three.",
    ),
}
