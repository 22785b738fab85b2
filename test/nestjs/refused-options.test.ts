import { describe, expect, test } from '@jest/globals';
import { ConfigError, LeanMQModule, type LeanMQOptionsFactory } from '@leanmq/nestjs';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';

import { useNest } from './support/nest.js';

const nest = useNest();

/** It makes no options. */
@Injectable()
class Config {}
@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}

@Injectable()
class Factory implements LeanMQOptionsFactory {
  createLeanMQOptions() {
    return nest.options();
  }
}

describe('forRootAsync refuses', () => {
  const useFactory = () => nest.options();
  const refused: [string, unknown, RegExp][] = [
    [
      'a misspelt name',
      { useFactry: useFactory },
      /"useFactry" is not known; .* did you mean "useFactory"\?/,
    ],
    ['a misspelt inject', { useFactory, injects: [] }, /did you mean "inject"\?/],
    ['the name of Nest for isGlobal', { useFactory, global: true }, /did you mean "isGlobal"\?/],
    ['an option of the factory', { useFactory, autoStart: false }, /"autoStart" is not known/],
    ['two ways', { useFactory, useClass: Factory }, /, and has useFactory and useClass\.$/],
    ['a way that is not given', { useFactory: undefined }, /takes one of useFactory/],
    ['options instead of a factory', { useFactory: {} }, /"useFactory" is an object .*a function/],
    ['an instance instead of a class', { useClass: new Factory() }, /"useClass" is an object/],
    ['no token', { useExisting: null }, /"useExisting" is null/],
    ['a single token to inject', { useFactory, inject: Config }, /"inject" is .*; allowed: a list/],
    ['inject without arguments', { useClass: Factory, inject: [] }, /no effect with "useClass"/],
    ['a single module', { useFactory, imports: ConfigModule }, /"imports" is .*allowed: a list/],
    ['a text for a switch', { useFactory, isGlobal: 'no' }, /"isGlobal" is "no"; allowed: true or/],
    ['no options', undefined, /options of forRootAsync\(\) are of type undefined/],
  ];

  test.each(refused)('%s', (_, options, message) => {
    const making = () => LeanMQModule.forRootAsync(options as never);
    expect(making).toThrow(ConfigError);
    expect(making).toThrow(message);
  });

  test('a URL without telling its password', () => {
    const making = () => LeanMQModule.forRootAsync('redis://:secret@redis' as never);
    expect(making).toThrow(/^The options of forRootAsync\(\) are of type string/);
  });

  test.each<[string, Partial<Record<string, unknown>>, RegExp]>([
    ['useClass', { useClass: Config }, /"useClass" is an object \(Config\); allowed: a provider/],
    [
      'useExisting',
      { imports: [ConfigModule], useExisting: Config },
      /"useExisting" is an object \(Config\)/,
    ],
  ])('a provider that makes no options: %s', async (_, options, message) => {
    const leanmq = LeanMQModule.forRootAsync(options as never);
    const compiling = Test.createTestingModule({ imports: [leanmq] }).compile();
    await expect(compiling).rejects.toThrow(message);
  });
});

describe('options of the module itself', () => {
  test.each<[object, RegExp]>([
    [{ autoStrat: false }, /"autoStrat" is not known; .* did you mean "autoStart"\?/],
    [{ autostart: false }, /did you mean "autoStart"\?/],
    [{ unprovidedHandler: 'warn' }, /did you mean "unprovidedHandlers"\?/],
    [{ log: false }, /"log" is not known/],
    [{ useFactory: () => ({}) }, /"useFactory" is not known; .*; give it to forRootAsync\(\)/],
    [{ url: 'redis://redis' }, /"url" is not known; .*; give the URL as "redis"/],
    [{ autoStart: 'false' }, /^Option "autoStart" is "false"; allowed: true or false\.$/],
    [{ logger: console }, /^Option "logger" is an object .*; allowed: true or false\.$/],
    [{ logger: null }, /^Option "logger" is null; allowed/],
  ])('are refused when misspelt or of another type: %j', async (wrong, message) => {
    const compiling = nest.build({}, wrong).compile();
    await expect(compiling).rejects.toThrow(ConfigError);
    await expect(compiling).rejects.toThrow(message);
    const useFactory = () => ({ ...nest.options(), ...wrong });
    const leanmq = LeanMQModule.forRootAsync({ useFactory });
    const late = Test.createTestingModule({ imports: [leanmq] }).compile();
    await expect(late).rejects.toThrow(/is not known|; allowed:/);
  });

  test('isGlobal is refused where it is not a switch, and where it comes too late', async () => {
    const wrong = nest.build({}, { isGlobal: 1 as never }).compile();
    await expect(wrong).rejects.toThrow('Option "isGlobal" is 1; allowed: true or false.');
    const useFactory = () => nest.options({ isGlobal: false });
    const leanmq = LeanMQModule.forRootAsync({ useFactory });
    await expect(Test.createTestingModule({ imports: [leanmq] }).compile()).rejects.toThrow(
      /"isGlobal" is not known; .*; give it to forRootAsync\(\) itself/,
    );
  });

  test.each([undefined, null, 'redis://:secret@redis', []])(
    'are asked for where something else is given: %j',
    async (given) => {
      const leanmq = LeanMQModule.forRoot(given as never);
      const compiling = Test.createTestingModule({ imports: [leanmq] }).compile();
      await expect(compiling).rejects.toThrow(ConfigError);
      await expect(compiling).rejects.not.toThrow(/secret/);
    },
  );

  test('that are given as undefined are the default', async () => {
    const nothing = { autoStart: undefined, logger: undefined, isGlobal: undefined };
    const useFactory = () => ({ ...nest.options(), autoStart: undefined }) as never;
    const leanmq = LeanMQModule.forRootAsync({ useFactory, useClass: undefined });
    await nest.start({}, { ...nothing, unprovidedHandlers: undefined, logger: false } as never);
    await nest.init(Test.createTestingModule({ imports: [leanmq] }));
  });
});
