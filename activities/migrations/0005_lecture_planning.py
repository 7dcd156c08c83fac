import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '__first__'),
        ('activities', '0004_events'),
        ('branches', '0001_initial'),
        ('members', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalLectureSwap',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('state', models.CharField(choices=[('asked', 'asked'), ('accepted', 'accepted'), ('declined', 'declined'), ('withdrawn', 'withdrawn')], default='asked', max_length=10, verbose_name='state')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('asker', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='members.person', verbose_name='asks')),
                ('colleague', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='members.person', verbose_name='is asked')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('in_return', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='activities.lecture', verbose_name='in return')),
                ('lecture', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='activities.lecture', verbose_name='lecture')),
            ],
            options={
                'verbose_name': 'historical swap of a lecture',
                'verbose_name_plural': 'historical swaps of lectures',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalNoLecture',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('monday', models.DateField(verbose_name='week of')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded at')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('league_branch', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='branches.leaguebranch', verbose_name='League branch')),
                ('recorded_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recorded by')),
            ],
            options={
                'verbose_name': 'historical week without a lecture',
                'verbose_name_plural': 'historical weeks without a lecture',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalSpotCheck',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('monday', models.DateField(db_index=True, verbose_name='week of')),
                ('seed', models.CharField(max_length=64, verbose_name='draw')),
                ('state', models.CharField(choices=[('open', 'to be checked'), ('clear', 'as recorded'), ('doubtful', 'not as recorded')], default='open', max_length=10, verbose_name='state')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='what was found')),
                ('drawn_at', models.DateTimeField(verbose_name='drawn at')),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='checked at')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('audience', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='activities.lectureaudience', verbose_name='lecture')),
                ('checked_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='checked by')),
                ('drawn_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='drawn by')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical spot check',
                'verbose_name_plural': 'historical spot checks',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='LectureListener',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('audience', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='listeners', to='activities.lectureaudience')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lectures_heard', to='members.person', verbose_name='present')),
            ],
            options={
                'verbose_name': 'listener',
                'verbose_name_plural': 'listeners',
                'constraints': [models.UniqueConstraint(fields=('audience', 'person'), name='listener_once')],
            },
        ),
        migrations.CreateModel(
            name='LectureSlot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(verbose_name='weekday')),
                ('starts_at', models.TimeField(verbose_name='from')),
                ('ends_at', models.TimeField(verbose_name='to')),
                ('place', models.CharField(blank=True, max_length=100, verbose_name='place')),
                ('league_branch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lecture_slots', to='branches.leaguebranch', verbose_name='League branch')),
            ],
            options={
                'verbose_name': 'free hour for lectures',
                'verbose_name_plural': 'free hours for lectures',
                'ordering': ['league_branch_id', 'weekday', 'starts_at'],
                'constraints': [models.UniqueConstraint(fields=('league_branch', 'weekday', 'starts_at'), name='lecture_slot_once'), models.CheckConstraint(condition=models.Q(('weekday__gte', 1), ('weekday__lte', 7)), name='lecture_slot_weekday_known'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='lecture_slot_ends_after_start', violation_error_message='A free hour cannot end before it begins.')],
            },
        ),
        migrations.CreateModel(
            name='LectureSwap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('state', models.CharField(choices=[('asked', 'asked'), ('accepted', 'accepted'), ('declined', 'declined'), ('withdrawn', 'withdrawn')], default='asked', max_length=10, verbose_name='state')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('asker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.person', verbose_name='asks')),
                ('colleague', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.person', verbose_name='is asked')),
                ('in_return', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='activities.lecture', verbose_name='in return')),
                ('lecture', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='swaps', to='activities.lecture', verbose_name='lecture')),
            ],
            options={
                'verbose_name': 'swap of a lecture',
                'verbose_name_plural': 'swaps of lectures',
                'ordering': ['-asked_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'asked')), fields=('lecture', 'asker'), name='swap_one_open', violation_error_message='A colleague is asked already. Take the question back first.'), models.CheckConstraint(condition=models.Q(('asker', models.F('colleague')), _negated=True), name='swap_with_somebody_else'), models.CheckConstraint(condition=models.Q(('state__in', ['asked', 'accepted', 'declined', 'withdrawn'])), name='swap_state_known')],
            },
        ),
        migrations.CreateModel(
            name='NoLecture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('monday', models.DateField(verbose_name='week of')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded at')),
                ('league_branch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='no_lectures', to='branches.leaguebranch', verbose_name='League branch')),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recorded by')),
            ],
            options={
                'verbose_name': 'week without a lecture',
                'verbose_name_plural': 'weeks without a lecture',
                'ordering': ['-monday', 'league_branch_id'],
                'constraints': [models.UniqueConstraint(fields=('league_branch', 'monday'), name='no_lecture_once_a_week', violation_error_message='This week is marked already.'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='no_lecture_has_reason')],
            },
        ),
        migrations.CreateModel(
            name='SpotCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('monday', models.DateField(db_index=True, verbose_name='week of')),
                ('seed', models.CharField(max_length=64, verbose_name='draw')),
                ('state', models.CharField(choices=[('open', 'to be checked'), ('clear', 'as recorded'), ('doubtful', 'not as recorded')], default='open', max_length=10, verbose_name='state')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='what was found')),
                ('drawn_at', models.DateTimeField(verbose_name='drawn at')),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='checked at')),
                ('audience', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='spot_check', to='activities.lectureaudience', verbose_name='lecture')),
                ('checked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='checked by')),
                ('drawn_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='drawn by')),
            ],
            options={
                'verbose_name': 'spot check',
                'verbose_name_plural': 'spot checks',
                'ordering': ['-monday', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['open', 'clear', 'doubtful'])), name='spot_check_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'doubtful'), _negated=True), models.Q(('note', ''), _negated=True), _connector='OR'), name='spot_check_doubt_has_note'), models.CheckConstraint(condition=models.Q(('state', 'open'), models.Q(('checked_at__isnull', False), ('checked_by__isnull', False)), _connector='OR'), name='spot_check_answer_has_author')],
            },
        ),
        migrations.CreateModel(
            name='TextbookChapter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='chapter number')),
                ('title', models.CharField(max_length=100, verbose_name='title')),
                ('outline', models.TextField(blank=True, max_length=3000, verbose_name='outline')),
                ('textbook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chapters', to='activities.textbook', verbose_name='textbook')),
            ],
            options={
                'verbose_name': 'chapter of a textbook',
                'verbose_name_plural': 'chapters of textbooks',
                'ordering': ['textbook_id', 'number'],
                'constraints': [models.UniqueConstraint(fields=('textbook', 'number'), name='chapter_number_once', violation_error_message='This textbook has a chapter of that number already.')],
            },
        ),
        migrations.RemoveConstraint(
            model_name='attachment',
            name='attachment_of_one_entry',
        ),
        migrations.AddField(
            model_name='historicallecture',
            name='planned_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='planned at'),
        ),
        migrations.AddField(
            model_name='historicallecture',
            name='series_id',
            field=models.UUIDField(blank=True, db_index=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='historicallectureaudience',
            name='minutes_heard',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='minutes heard'),
        ),
        migrations.AddField(
            model_name='historicallectureduty',
            name='assigned_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='assigned at'),
        ),
        migrations.AddField(
            model_name='historicallectureduty',
            name='assigned_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='assigned by'),
        ),
        migrations.AddField(
            model_name='historicalquotaexemption',
            name='answer',
            field=models.CharField(blank=True, max_length=200, verbose_name='answer'),
        ),
        migrations.AddField(
            model_name='historicalquotaexemption',
            name='asked_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='asked at'),
        ),
        migrations.AddField(
            model_name='historicalquotaexemption',
            name='asked_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by'),
        ),
        migrations.AddField(
            model_name='historicalquotaexemption',
            name='decided_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='decided at'),
        ),
        migrations.AddField(
            model_name='historicalquotaexemption',
            name='decided_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='historicalquotaexemption',
            name='state',
            field=models.CharField(choices=[('asked', 'asked for'), ('granted', 'granted'), ('refused', 'refused'), ('withdrawn', 'withdrawn')], default='granted', max_length=10, verbose_name='state'),
        ),
        migrations.AddField(
            model_name='lecture',
            name='planned_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='planned at'),
        ),
        migrations.AddField(
            model_name='lecture',
            name='series_id',
            field=models.UUIDField(blank=True, db_index=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='lectureaudience',
            name='minutes_heard',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='minutes heard'),
        ),
        migrations.AddField(
            model_name='lectureduty',
            name='assigned_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='assigned at'),
        ),
        migrations.AddField(
            model_name='lectureduty',
            name='assigned_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='assigned by'),
        ),
        migrations.AddField(
            model_name='quotaexemption',
            name='answer',
            field=models.CharField(blank=True, max_length=200, verbose_name='answer'),
        ),
        migrations.AddField(
            model_name='quotaexemption',
            name='asked_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='asked at'),
        ),
        migrations.AddField(
            model_name='quotaexemption',
            name='asked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by'),
        ),
        migrations.AddField(
            model_name='quotaexemption',
            name='decided_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='decided at'),
        ),
        migrations.AddField(
            model_name='quotaexemption',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='quotaexemption',
            name='state',
            field=models.CharField(choices=[('asked', 'asked for'), ('granted', 'granted'), ('refused', 'refused'), ('withdrawn', 'withdrawn')], default='granted', max_length=10, verbose_name='state'),
        ),
        migrations.AddConstraint(
            model_name='lectureaudience',
            constraint=models.CheckConstraint(condition=models.Q(('minutes_heard', None), models.Q(('minutes_heard__gte', 1), ('minutes_heard__lte', 480)), _connector='OR'), name='audience_minutes_sane'),
        ),
        migrations.AddConstraint(
            model_name='quotaexemption',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['asked', 'granted', 'refused', 'withdrawn'])), name='exemption_state_known'),
        ),
        migrations.AddConstraint(
            model_name='quotaexemption',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), models.Q(('answer', ''), _negated=True), _connector='OR'), name='exemption_refused_has_answer'),
        ),
        migrations.AddField(
            model_name='attachment',
            name='chapter',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='activities.textbookchapter'),
        ),
        migrations.AddField(
            model_name='historicallecture',
            name='textbook_chapter',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='activities.textbookchapter', verbose_name='chapter of the textbook'),
        ),
        migrations.AddField(
            model_name='lecture',
            name='textbook_chapter',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lectures', to='activities.textbookchapter', verbose_name='chapter of the textbook'),
        ),
        migrations.AddConstraint(
            model_name='attachment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('activity', None), ('announcement', None), ('chapter', None), ('log_entry__isnull', False)), models.Q(('activity__isnull', False), ('announcement', None), ('chapter', None), ('log_entry', None)), models.Q(('activity', None), ('announcement__isnull', False), ('chapter', None), ('log_entry', None)), models.Q(('activity', None), ('announcement', None), ('chapter__isnull', False), ('log_entry', None)), _connector='OR'), name='attachment_of_one_entry'),
        ),
    ]
