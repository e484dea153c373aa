/* The recurrence of a bidirectional LSTM layer over a padded batch in bfloat16, forward and backward.
 *
 * B rows, T positions, N = 2 directions, H units. Row b holds lengths[b] tokens, one at least: the first direction reads
 * them from 0 on, the second from lengths[b] - 1 back, and neither reads what stands behind them. Products that do not
 * depend on the step before are the caller's.
 */
#include <stdint.h>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__)

int lstm_is_supported(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bf16");
}

#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16,fma")
#include <immintrin.h>
#include <pthread.h>
#include <string.h>

#define ROWS 6      /* of a group: 6 rows x 4 registers of 16 numbers are 24 of the 32 registers */
#define LANES 16
#define MAX_UNITS 512
#define MAX_THREADS 64

/* This text goes into what is compiled of it, behind all that is loaded: the caller looks for it there. */
__asm__(".pushsection .lstm_source, \"\", @progbits\n.incbin \"" __FILE__ "\"\n.popsection");

typedef uint16_t bf16;

typedef struct {
    int64_t rows, positions, units, threads;
    const int64_t *lengths; /* (B,) */
    const bf16 *weights;    /* packed as forward() and backward() say */
    const float *bias;      /* (N, 4, H), read by forward() */
    bf16 *gates;            /* (B, T, N, 4, H) i, f, g, o. forward(): inputs times weights, then the activated gates.
                               backward(): these, then the gradients before activation, zero in the padding */
    bf16 *cells;            /* (B, T, N, H) forward(): written */
    bf16 *values;           /* (B, T, N, H) forward(): written, zero in the padding. backward(): their gradients */
    float *bias_gradients;  /* (groups of ROWS rows, N, 4, H), written by backward() */
} Job;

typedef struct {
    const Job *job;
    void (*work)(const Job *, int, int64_t);
    int64_t share, shares;
} Share;

static inline __m512 from_bf16(const bf16 *at)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)at)), 16));
}

static inline void to_bf16(bf16 *at, __m512 x)
{
    _mm256_storeu_si256((void *)at, (__m256i)_mm512_cvtneps_pbh(x));
}

/* Two neighbouring numbers in every lane. */
static inline __m512bh pair(const bf16 *at)
{
    int32_t both;
    memcpy(&both, at, sizeof both);
    return (__m512bh)_mm512_set1_epi32(both);
}

/* 2 to the power of x, relative error below 3e-6; what is no number stays none. */
static inline __m512 power_of_two(__m512 x)
{
    __m512 n = _mm512_roundscale_ps(x, 0);
    __m512 r = _mm512_sub_ps(x, n);
    __m512 p = _mm512_set1_ps(1.33335581e-3f); /* ln(2)^k / k!, from k = 5 */
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(9.61812911e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.55041087e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.40226507e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.93147181e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, n);
}

/* Relative error below 1e-4, a fortieth of what bfloat16 rounds off. */
static inline __m512 sigmoid(__m512 x)
{
    __m512 e = power_of_two(_mm512_mul_ps(x, _mm512_set1_ps(-1.44269504f)));
    return _mm512_rcp14_ps(_mm512_add_ps(_mm512_set1_ps(1.0f), e));
}

static inline __m512 hyperbolic_tangent(__m512 x)
{
    const __m512 one = _mm512_set1_ps(1.0f), most = _mm512_set1_ps(60.0f);
    __m512 e = power_of_two(_mm512_min_ps(most, _mm512_mul_ps(x, _mm512_set1_ps(2.88539008f))));
    return _mm512_mul_ps(_mm512_sub_ps(e, one), _mm512_rcp14_ps(_mm512_add_ps(e, one)));
}

/* Where the rows of a group stand; a row that does not exist has no token. */
typedef struct {
    int64_t row[ROWS], length[ROWS], longest;
} Group;

static Group group_at(const Job *job, int64_t first)
{
    Group group = {.longest = 0};
    for (int r = 0; r < ROWS; r++) {
        int exists = first + r < job->rows;
        group.row[r] = exists ? first + r : job->rows - 1;
        group.length[r] = exists ? job->lengths[first + r] : 0;
        if (group.length[r] > group.longest) group.longest = group.length[r];
    }
    return group;
}

/* Zeros behind the tokens of the rows of a group; `width` numbers at a position of a direction. */
static void clear_tails(const Job *job, int64_t first, int direction, bf16 *numbers, int64_t width)
{
    for (int64_t row = first; row < first + ROWS && row < job->rows; row++)
        for (int64_t position = job->lengths[row]; position < job->positions; position++)
            memset(numbers + ((row * job->positions + position) * 2 + direction) * width, 0, width * sizeof *numbers);
}

/* Index of (row, position, direction) where `step` tokens were read before; of position 0 for a row that has ended. */
static inline int64_t place(const Job *job, const Group *group, int r, int64_t step, int direction)
{
    int64_t position = step >= group->length[r] ? 0 : direction ? group->length[r] - 1 - step : step;
    return (group->row[r] * job->positions + position) * 2 + direction;
}

/* Adds to `sum` the products of `length` numbers of every row with 4 x 16 columns of packed weights. */
static inline __attribute__((always_inline)) void add_products(__m512 sum[ROWS][4], const bf16 *weight,
                                                               const bf16 *const rows[ROWS], int64_t length)
{
    for (int64_t k = 0; k < length; k += 2, weight += 4 * 2 * LANES) {
        __m512bh w[4];
#pragma GCC unroll 4
        for (int lane = 0; lane < 4; lane++) w[lane] = (__m512bh)_mm512_loadu_si512(weight + lane * 2 * LANES);
#pragma GCC unroll 6
        for (int r = 0; r < ROWS; r++) {
            __m512bh number = pair(rows[r] + k);
#pragma GCC unroll 4
            for (int lane = 0; lane < 4; lane++) sum[r][lane] = _mm512_dpbf16_ps(sum[r][lane], w[lane], number);
        }
    }
}

/* weights: (N, H / 16, H / 2, 4, 16, 2): 16 units of a gate, two units of the step before. */
static void forward(const Job *job, int direction, int64_t first)
{
    const int64_t units = job->units;
    bf16 state[2][ROWS][MAX_UNITS];
    float cell[ROWS][MAX_UNITS];
    Group group = group_at(job, first);
    clear_tails(job, first, direction, job->values, units);
    memset(state[0], 0, sizeof state[0]);
    memset(cell, 0, sizeof cell);
    for (int64_t step = 0; step < group.longest; step++) {
        bf16(*before)[MAX_UNITS] = state[step & 1], (*after)[MAX_UNITS] = state[~step & 1];
        const bf16 *rows[ROWS];
        int64_t at[ROWS];
        for (int r = 0; r < ROWS; r++) at[r] = place(job, &group, r, step, direction), rows[r] = before[r];
        for (int64_t unit = 0; unit < units; unit += LANES) {
            const bf16 *weight = job->weights + (direction * units + unit) * 4 * units;
            __m512 sum[ROWS][4];
#pragma GCC unroll 6
            for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
                for (int gate = 0; gate < 4; gate++)
                    sum[r][gate] = _mm512_add_ps(from_bf16(job->gates + (at[r] * 4 + gate) * units + unit),
                                                 _mm512_loadu_ps(job->bias + (direction * 4 + gate) * units + unit));
            add_products(sum, weight, rows, units);
#pragma GCC unroll 6
            for (int r = 0; r < ROWS; r++) {
                if (step >= group.length[r]) continue;
                __m512 i = sigmoid(sum[r][0]), f = sigmoid(sum[r][1]);
                __m512 g = hyperbolic_tangent(sum[r][2]), o = sigmoid(sum[r][3]);
                __m512 c = _mm512_fmadd_ps(f, _mm512_loadu_ps(cell[r] + unit), _mm512_mul_ps(i, g));
                __m512 h = _mm512_mul_ps(o, hyperbolic_tangent(c));
                bf16 *gates = job->gates + at[r] * 4 * units + unit;
                to_bf16(gates, i), to_bf16(gates + units, f), to_bf16(gates + 2 * units, g), to_bf16(gates + 3 * units, o);
                _mm512_storeu_ps(cell[r] + unit, c);
                to_bf16(job->cells + at[r] * units + unit, c);
                to_bf16(after[r] + unit, h);
                to_bf16(job->values + at[r] * units + unit, h);
            }
        }
    }
}

/* weights: (N, H / 64, 4H / 2, 64, 2): 64 units of the step before, two units of the gates. */
static void backward(const Job *job, int direction, int64_t first)
{
    const int64_t units = job->units;
    float carried[ROWS][MAX_UNITS], cell_gradient[ROWS][MAX_UNITS];
    Group group = group_at(job, first);
    float *bias_gradient = job->bias_gradients + (first / ROWS * 2 + direction) * 4 * units;
    clear_tails(job, first, direction, job->gates, 4 * units);
    memset(bias_gradient, 0, 4 * units * sizeof *bias_gradient);
    memset(carried, 0, sizeof carried);
    memset(cell_gradient, 0, sizeof cell_gradient);
    const __m512 one = _mm512_set1_ps(1.0f);
    for (int64_t step = group.longest - 1; step >= 0; step--) {
        int64_t at[ROWS];
        for (int r = 0; r < ROWS; r++) {
            at[r] = place(job, &group, r, step, direction);
            if (step >= group.length[r]) continue;
            const int64_t before = place(job, &group, r, step - 1, direction);
            for (int64_t unit = 0; unit < units; unit += LANES) {
                const bf16 *active = job->gates + at[r] * 4 * units + unit;
                __m512 i = from_bf16(active), f = from_bf16(active + units);
                __m512 g = from_bf16(active + 2 * units), o = from_bf16(active + 3 * units);
                __m512 c = from_bf16(job->cells + at[r] * units + unit);
                __m512 old = step ? from_bf16(job->cells + before * units + unit) : _mm512_setzero_ps();
                __m512 dh = _mm512_add_ps(from_bf16(job->values + at[r] * units + unit), _mm512_loadu_ps(carried[r] + unit));
                __m512 tanh_c = hyperbolic_tangent(c);
                __m512 dc = _mm512_fmadd_ps(_mm512_mul_ps(dh, o), _mm512_fnmadd_ps(tanh_c, tanh_c, one),
                                            _mm512_loadu_ps(cell_gradient[r] + unit));
                bf16 *gradient = job->gates + at[r] * 4 * units + unit;
                const __m512 before_activation[4] = {
                    _mm512_mul_ps(_mm512_mul_ps(dc, g), _mm512_fnmadd_ps(i, i, i)),
                    _mm512_mul_ps(_mm512_mul_ps(dc, old), _mm512_fnmadd_ps(f, f, f)),
                    _mm512_mul_ps(_mm512_mul_ps(dc, i), _mm512_fnmadd_ps(g, g, one)),
                    _mm512_mul_ps(_mm512_mul_ps(dh, tanh_c), _mm512_fnmadd_ps(o, o, o)),
                };
#pragma GCC unroll 4
                for (int gate = 0; gate < 4; gate++) {
                    float *sum = bias_gradient + gate * units + unit;
                    to_bf16(gradient + gate * units, before_activation[gate]);
                    _mm512_storeu_ps(sum, _mm512_add_ps(_mm512_loadu_ps(sum), before_activation[gate]));
                }
                _mm512_storeu_ps(cell_gradient[r] + unit, _mm512_mul_ps(dc, f));
            }
        }
        const bf16 *gradient[ROWS];
        for (int r = 0; r < ROWS; r++) gradient[r] = job->gates + at[r] * 4 * units;
        for (int64_t unit = 0; unit < units; unit += 4 * LANES) {
            const bf16 *weight = job->weights + (direction * units + unit) * 4 * units;
            __m512 sum[ROWS][4];
#pragma GCC unroll 6
            for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
                for (int lane = 0; lane < 4; lane++) sum[r][lane] = _mm512_setzero_ps();
            add_products(sum, weight, gradient, 4 * units);
#pragma GCC unroll 6
            for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
                for (int lane = 0; lane < 4; lane++)
                    if (step < group.length[r]) _mm512_storeu_ps(carried[r] + unit + lane * LANES, sum[r][lane]);
        }
    }
}

static void *take_share(void *argument)
{
    const Share *share = argument;
    const int64_t groups = (share->job->rows + ROWS - 1) / ROWS;
    for (int direction = 0; direction < 2; direction++)
        for (int64_t group = share->share; group < groups; group += share->shares)
            share->work(share->job, direction, group * ROWS);
    return 0;
}

/* The sharing changes no number: groups do not know of each other. */
static void run(const Job *job, void (*work)(const Job *, int, int64_t))
{
    pthread_t started[MAX_THREADS];
    Share shares[MAX_THREADS];
    int is_started[MAX_THREADS];
    const int64_t threads = job->threads < MAX_THREADS ? job->threads : MAX_THREADS;
    for (int64_t i = threads - 1; i >= 0; i--) {
        shares[i] = (Share){job, work, i, threads};
        is_started[i] = i && !pthread_create(&started[i], 0, take_share, &shares[i]);
    }
    for (int64_t i = 0; i < threads; i++) {
        if (is_started[i]) pthread_join(started[i], 0);
        else take_share(&shares[i]);
    }
}

void lstm_forward(const Job *job) { run(job, forward); }
void lstm_backward(const Job *job) { run(job, backward); }

#else

int lstm_is_supported(void) { return 0; }

#endif
