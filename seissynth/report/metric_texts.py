"""Meaning and limits of every metric in one or two sentences; patterns match families of names."""

#: group -> its question and its method
GROUP_TEXTS = {
    "arrivals": (
        "Do P and S arrive at the right time? One picker is run on the generated and on the real records, and its "
        "picks are compared with the reference onsets of the real ones. The floor is the picker's score on the real "
        "records, in windows that start earlier: generated records cannot be expected to do better."
    ),
    "similarity": (
        "How similar are the generated and the real record of one earthquake at one sensor? Waveforms with different "
        "random phases cannot agree sample by sample, so envelopes and spectrograms count most."
    ),
    "spread": (
        "Do realisations of one record scatter like real records, and are spectrograms as rough as real ones? A model "
        "that returns the mean of all possible records scores well in similarity and fails here. The scatter needs at "
        "least two realisations of each record."
    ),
    "distributions": (
        "Are samples and features of both sets distributed alike? The sets are compared as wholes, without pairing "
        "their records: moments, quantiles, densities, and the Fréchet distance of features."
    ),
    "diversity": (
        "Are generated records copies of training records, or of each other? Similarity is the largest normalised "
        "cross-correlation. The threshold for a copy is set by how similar real earthquakes are to each other."
    ),
    "spectra": (
        "Do Fourier amplitudes have the right level and shape over frequency? Spectra are smoothed after Konno and "
        "Ohmachi."
    ),
    "ground_motion": (
        "Are peaks, response spectra, intensity and duration right? Residuals are natural logarithms of generated over "
        "observed motion (0.1 is 10 %, 0.7 a factor of two), split into terms of the earthquake, of the station and "
        "the rest. Both sets are also compared with published ground-motion models."
    ),
    "magnitude": (
        "Does a generated earthquake have the magnitude that was asked for? Local magnitudes of both sets come from "
        "Wood-Anderson amplitudes, by the same formula at the same stations."
    ),
    "source": (
        "Are seismic moment, corner frequency, kappa and the ratio of horizontal to vertical motion right? The first "
        "three are fitted to the S spectra of each earthquake, with the same fit and path in both sets."
    ),
    "frequency_magnitude": (
        "Is the b-value right? It is estimated from the catalogue and from the magnitudes measured on both sets. With "
        "few earthquakes all intervals are wide."
    ),
    "sections": "Record sections of the best recorded earthquakes, and the moveout of the strongest shaking.",
    "samples": "Good, middling and bad records, chosen by a score and not by hand. Look at the bad ones first.",
}

_SAME_FIT = "whether the fit is right: an error of the common path cancels."

#: metric or pattern -> (its meaning, its limits); the first that fits counts
METRIC_TEXTS = {
    "[ps]_floor_*": ("The same for the picker on the real records: the best score that can be expected.", ""),
    "[ps]_matched": (
        "Share of reference onsets with a pick on the generated record within 2 s (P) or 3 s (S).",
        "how close the picks are.",
    ),
    "[ps]_f1": (
        "Harmonic mean of precision and recall of picks within 0.5 s of the reference.",
        "how far off the other picks are.",
    ),
    "[ps]_mae_s": (
        "Mean absolute difference between pick and reference, of the picks that were found.",
        "misses: a generator with invisible onsets has few picks, but accurate ones.",
    ),
    "[ps]_mae_with_misses_s": ("The same, but a miss counts as half the window: 2 s (P) or 3 s (S).", ""),
    "[ps]_median_s": ("Median of pick minus reference: negative if onsets are early.", "scatter."),
    "mask_length_s": ("Length of the part of a window that counts: from origin to the next earthquake.", ""),
    "envelope_correlation*": (
        "Correlation of smoothed envelopes: does the energy arrive at the right time? 'Lagged' allows a shift.",
        "size. The mean of many records scores higher than any single record.",
    ),
    "envelope_lag*": ("Shift at which envelopes agree best; positive if the generated record is late.", "the cause."),
    "snr_db*": (
        "Energy of the real record over that of the difference. Unrelated records of equal energy have −3 dB; not "
        "ranked.",
        "anything about records with random phases.",
    ),
    "psnr_db*": (
        "Squared peak of the real record over the mean square of the difference; not ranked.",
        "the same as SNR.",
    ),
    "spectrogram_mse*": (
        "Mean square difference of log-spectrograms, normalised to mean 0 and standard deviation 1; 2 is chance.",
        "size, and fine structure: a smooth spectrogram scores well.",
    ),
    "envelope_dtw*": (
        "Distance of envelopes after stretching time by up to 2 s: shape without timing.",
        "whether onsets are right.",
    ),
    "waveform_correlation*": (
        "Correlation of the waveforms; near 0 for records with different random phases.",
        "whether a record is realistic.",
    ),
    "*_within_event_sd_ratio": (
        "Standard deviation between realisations, without the earthquake's term, over the observed one within "
        "earthquakes; right from 0.8 to 1.2.",
        "whether the mean is right.",
    ),
    "*_draw_sd_ratio": ("Total standard deviation between realisations over the observed one within earthquakes.", ""),
    "*_single_station_sd_ratio": (
        "Standard deviation between realisations over the observed one at single stations, without the station's term.",
        "whether the mean is right.",
    ),
    "*_event_draw_sd_over_error": (
        "Spread of the realisations over the error of their mean, of means over the stations of an earthquake: whether "
        "earthquakes differ as much as they should. Right from 0.8 to 1.2.",
        "whether spread and error are small.",
    ),
    "*_draw_sd_over_error": (
        "Spread of the realisations over the error of their mean: 1 if the model knows its uncertainty.",
        "whether spread and error are small.",
    ),
    "*_crps": (
        "Continuous ranked probability score: distance between the distribution of the realisations and the observed "
        "value. With one realisation, the absolute error.",
        "whether bias or spread is wrong.",
    ),
    "roughness_ratio": (
        "Fine structure of log-spectrograms, generated over real; right from 0.8 to 1.25, blurred below.",
        "whether the structure is in the right place.",
    ),
    "amplitude_accuracy_*": (
        "The error of the same name as an accuracy after DGM's table I: 1 for equal quantiles, 0 for a constant.",
        "the order of samples in time.",
    ),
    "amplitude_*": (
        "Difference between the sorted samples of the real and of the generated record, by the measure named.",
        "the order of samples in time.",
    ),
    "frechet_floor": (
        "Fréchet distance between halves of the real earthquakes: the smallest that can be expected.",
        "",
    ),
    "frechet_distance": (
        "Distance between normal distributions fitted to the features of both sets.",
        "which feature is off, and differences beyond mean and covariance.",
    ),
    "nearest_training_correlation*": (
        "Similarity of a record to its nearest training record of another earthquake; '_real' is for real records.",
        "copies changed by more than size and shift.",
    ),
    "copied_share": (
        "Share of copies: generated records that are more similar to a training record than nearly all real records "
        "are.",
        "copies changed by more than size and shift.",
    ),
    "nearest_within_*": ("Similarity of a record to the nearest record of another earthquake in the same set.", ""),
    "diversity_ratio": (
        "1 minus the similarity to the nearest record, generated over real; 0 if all records are equal.",
        "",
    ),
    "coverage": (
        "Share of real records with a generated record of similar features; low if some kinds are missing.",
        "",
    ),
    "inside_share": (
        "Share of generated records with features like those of real records.",
        "whether some kinds are missing.",
    ),
    "draw_diversity": ("1 minus the correlation between realisations of one record; 0 if all are equal.", ""),
    "ln_spectral_ratio_*": (
        "Logarithm of generated over real Fourier amplitude in a third of the band; 0 if they are equal.",
        "the contributions of source, path and site.",
    ),
    "spectral_shape_misfit": (
        "Root mean square over frequency of that logarithm about its mean: shape without level.",
        "which part of the spectrum is off.",
    ),
    "ln_*_bias_both": (
        "The bias on records where the generated motion is above the noise, too. Both sets are selected alike.",
        "scatter, and generated records that are far too small.",
    ),
    "ln_*_bias_of_selection": (
        "By how much draws differ from one of them where that is above the real record's noise. Real records are "
        "chosen like that one, which gives a bias without any error.",
        "",
    ),
    "ln_*_bias_beyond_selection": (
        "The bias without what the choice of records above their noise explains; too low if draws scatter less than "
        "real records differ from them.",
        "scatter, and opposite biases that cancel. It is not the difference of the other two: smaller draws would be "
        "chosen otherwise.",
    ),
    "ln_*_bias": (
        "Median over records of the logarithm of generated over observed; positive if generated motion is stronger.",
        "scatter, and opposite biases that cancel: see the tables by magnitude and distance.",
    ),
    "ln_*_sd": (
        "Scatter of the logarithm of generated over observed. A perfect random model still has √2 times the "
        "unexplained scatter of real records.",
        "which set the scatter comes from.",
    ),
    "ml_difference": ("Local magnitude of the generated minus the real earthquake, same stations.", "the cause."),
    "ml_difference_sd": ("Its scatter over earthquakes.", ""),
    "record_ml_difference_sd": ("Its scatter over single records.", ""),
    "ml_*_off_catalogue": (
        "Computed local magnitude minus that of the catalogue: a check of the formula.",
        "",
    ),
    "ml_slope": (
        "Slope of generated over observed magnitudes; below 1 if large earthquakes are too small.",
        "whether the catalogue is right.",
    ),
    "b_*_label": ("b-value of the catalogue's magnitudes.", ""),
    "b_*_real": ("b-value of magnitudes measured on the real records.", ""),
    "b_*_generated": (
        "b-value of magnitudes measured on the generated records; right if it equals that of the real ones.",
        "whether single earthquakes have the right size.",
    ),
    "source_mw_difference": ("Moment magnitude fitted to S, generated minus observed.", _SAME_FIT),
    "ln_corner_difference": (
        "Logarithm of the corner frequency, generated over observed, if both have one in the band.",
        _SAME_FIT,
    ),
    "kappa_difference_s": ("Attenuation in addition to that of the path, generated minus observed.", _SAME_FIT),
    "ln_spectrum_difference": (
        "Logarithm of the displacement spectrum's level for S, generated over observed.",
        "shape.",
    ),
    "ln_hvsr_difference": (
        "Logarithm of horizontal over vertical motion of S, generated over observed, mean over frequency.",
        "",
    ),
    "ln_hvsr_rms": (
        "The same, root mean square over frequency. Two realisations of one spectrum differ by about 0.5.",
        "the smooth site curve.",
    ),
    "moveout_difference": ("Slowness of the strongest shaking, generated minus real.", "onsets."),
    "largest_shaking_*": ("Time of the strongest shaking, generated minus real.", "onsets."),
    "sample_score": (
        "Mean of envelope correlation, spectrogram correlation and agreement of peaks (1 for equal peaks, 0 for a "
        "factor of 2.7, -1 for 7.4 and more). Samples are chosen by it.",
        "which of the three is off.",
    ),
}
