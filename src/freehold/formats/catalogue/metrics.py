"""The metrics by which models are judged, with what each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ROWS: Final = """
accuracy The share of predictions that are right.
bertscore How alike two texts are, by the embeddings of their tokens in a BERT model.
bleu How many runs of words a translation shares with references, without rewarding short ones.
bleurt How well a text says what a reference says, as judged by a model trained on human ratings.
brier_score The mean squared distance between predicted probabilities and what happened.
cer The share of characters that must be changed to turn a transcript into the right one.
character An edit distance of translations that counts characters and moved words.
charcut A difference of translations by the characters that two texts do not share.
chrf How many runs of characters, and of words in chrF++, a translation shares with references.
code_eval The chance that one of k generated programs passes the tests (pass@k).
comet How good a translation is, as a model judges that sees source and reference.
competition_math Accuracy on problems of mathematics competitions, with equal answers made alike.
confusion_matrix How often each class was taken for each other one.
coval Scores of coreference resolution: MUC, B-cubed, CEAF and LEA.
cuad Scores on contracts: exact match, F1, area under the curve and precision at 80 % recall.
exact_match The share of predictions that are the reference, character by character.
f1 The harmonic mean of precision and recall.
frugalscore A small model's imitation of larger learned scores of generated text.
glue The scores that go with each task of the GLUE benchmark.
google_bleu BLEU made for single sentences: the lower one of precision and recall of n-grams.
indic_glue The scores that go with each task of the IndicGLUE benchmark.
mae The mean of the absolute errors.
mahalanobis The distance of a point from a distribution, in units of its spread.
map Mean average precision: of ranked results, or of detected objects over several overlaps.
mape The mean of the absolute errors as shares of the true values.
mase The mean absolute error as a multiple of that of a naive forecast.
matthews_correlation The correlation of predicted and true classes, fair with unequal classes.
mauve How near the distribution of generated text is to that of human text.
mean_iou The mean over classes of how far predicted and true areas overlap.
meteor How well words of a translation and a reference align, by stem and synonym too.
mrr The mean of one over the rank of the first right result.
mse The mean of the squared errors.
ndcg How good the order of ranked results is: the discounted gain as a share of the best one.
nist_mt BLEU with more weight on n-grams that are rare.
pearsonr The linear correlation of two series of values, with its p-value.
perplexity How much a language model is surprised by a text: lower is better.
poseval Precision, recall and F1 of tags, word by word, as for part-of-speech tagging.
precision The share of what was predicted as positive that is positive.
r_squared The share of the variance that a regression explains.
recall The share of what is positive that was predicted as positive.
rl_reliability How steady an algorithm of reinforcement learning is, within and across runs.
roc_auc The chance that a positive example is ranked above a negative one.
rouge How many n-grams and longest common runs a summary shares with references.
sacrebleu BLEU with its own fixed tokenization, so that scores can be compared.
sari How well a simplified text adds, deletes and keeps words.
seqeval Precision, recall and F1 of labelled spans, as for named entities.
smape The mean absolute error as a share of the mean of predicted and true value.
spearmanr The correlation of the ranks of two series of values, with its p-value.
squad Exact match and F1 of answers, as in the first version of SQuAD.
squad_v2 The same for questions that may have no answer, as in SQuAD 2.0.
super_glue The scores that go with each task of the SuperGLUE benchmark.
ter How many edits turn a translation into a reference, as a share of its words.
trec_eval The usual scores of information retrieval, as the TREC conferences compute them.
wer The share of words that must be changed to turn a transcript into the right one.
wiki_split SARI, BLEU and exact match of sentences that were split.
xnli Accuracy on the languages of the XNLI benchmark.
xtreme_s The scores that go with each task of the XTREME-S benchmark of speech.
"""


def _read_rows() -> Mapping[str, str]:
    rows = (row.partition(" ") for row in _ROWS.strip().splitlines())
    return {id: description for id, _, description in rows}


METRICS: Final = _read_rows()
"""What each metric says, by its id."""
